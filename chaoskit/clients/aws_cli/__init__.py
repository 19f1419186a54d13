"""``aws_cli``: the AWS CLI, unmodified, pinned, in an environment of its own; a process for every call, as scripts use it.

A process per call means a cold connection for every call, and a retry quota that never drains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from chaoskit.clients.build import Recipe
from chaoskit.clients.environments import module_argv, python_recipe
from chaoskit.clients.sdk import SdkPlan
from chaoskit.units import SECOND

COMMANDS: dict[str, tuple[str, ...]] = {
    "dynamodb": ("dynamodb", "get-item", "--table-name", "chaoskit", "--key", '{"id":{"S":"1"}}'),
    "ec2": ("ec2", "describe-instances"),
    "sts": ("sts", "get-caller-identity"),
    "s3": ("s3api", "list-buckets"),
    "sqs": ("sqs", "list-queues"),
    "elbv2": ("elbv2", "describe-target-groups"),
    "route53": ("route53", "list-hosted-zones"),
}
"""Per service the words after ``aws``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCli(SdkPlan):
    """What one AWS CLI client does; see ``SdkPlan``. Time-outs are whole seconds, as the CLI's options are."""

    OPERATIONS: ClassVar[Mapping[str, str]] = {
        "dynamodb": "GetItem",
        "ec2": "DescribeInstances",
        "sts": "GetCallerIdentity",
        "s3": "ListBuckets",
        "sqs": "ListQueues",
        "elbv2": "DescribeTargetGroups",
        "route53": "ListHostedZones",
    }
    CONNECTIONS: ClassVar[tuple[str, ...]] = ("cold",)
    RETRY_MODES: ClassVar[tuple[str, ...]] = ("legacy", "standard", "adaptive")

    def __post_init__(self) -> None:
        SdkPlan.__post_init__(self)
        for name in ("connect_timeout_ns", "read_timeout_ns"):
            if (getattr(self, name) or 0) % SECOND:
                raise self.refusal(f"keeps a {name.removesuffix('_ns')} in whole seconds only", "use 1s or more")

    @property
    def command(self) -> list[str]:
        """The words after ``aws``."""
        words = [*COMMANDS[self.service], "--region", self.region, "--output", "json"]
        for option, value in (("connect", self.connect_timeout_ns), ("read", self.read_timeout_ns)):
            if value is not None:
                words += [f"--cli-{option}-timeout", str(value // SECOND)]
        return words

    @staticmethod
    def recipes() -> tuple[Recipe, ...]:
        """How it is built."""
        return (
            python_recipe(
                name="aws_cli", what="AWS CLI v1", folder=Path(__file__).parent, requirements="requirements.txt"
            ),
        )

    def recipe(self) -> Recipe:
        """The build that this plan needs."""
        return self.recipes()[0]

    def argv(self, built: Path) -> list[str]:
        """The command of its process, which runs in the CLI's environment too."""
        return module_argv(built, __name__)
