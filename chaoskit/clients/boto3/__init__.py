"""``boto3``: AWS's SDK for Python, unmodified, with no endpoint override. This module holds its plan and imports no SDK.

Without ``version`` it is the boto3 that is installed beside chaoskit. With one it is a pinned one in an environment of its own, which
``chaoskit clients build`` makes: a shipped pin (``1.43``: the files in ``versions/``) or any exact version (``1.43.10``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from chaoskit.clients.build import Recipe
from chaoskit.clients.environments import module_argv, python_recipe
from chaoskit.clients.sdk import SdkPlan

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "dynamodb": ("GetItem", {"TableName": "chaoskit", "Key": {"id": {"S": "1"}}}),
    "ec2": ("DescribeInstances", {}),
    "sts": ("GetCallerIdentity", {}),
    "s3": ("ListBuckets", {}),
    "sqs": ("ListQueues", {}),
    "elbv2": ("DescribeTargetGroups", {}),
    "route53": ("ListHostedZones", {}),
}
"""Per service the operation that is called when the plan names none, and its parameters."""


PINNED = ("1.43", "1.44")
"""The versions that have a file in ``versions/``: before and after the retry behaviour of November 2026."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boto3(SdkPlan):
    """What one boto3 client does; it may call any operation of ``OPERATIONS``' services, and of another service one that is named."""

    OPERATIONS: ClassVar[Mapping[str, str]] = {service: operation for service, (operation, _) in CALLS.items()}
    RETRY_MODES: ClassVar[tuple[str, ...]] = ("legacy", "standard", "adaptive")
    TIMEOUT_STEP_NS: ClassVar[int] = 1

    version: str | None = None

    def __post_init__(self) -> None:
        SdkPlan.__post_init__(self)
        if self.version is not None and _recipe(self.version) is None:
            pinned = f"use {', '.join(PINNED)}, or an exact version like {PINNED[0]}.0"
            raise self.refusal(f"has no version {self.version!r} pinned here", pinned)

    def check_operation(self) -> None:
        if self.operation is None and self.service not in self.OPERATIONS:
            raise self.refusal(f"has no operation of its own for {self.service}", "name the one to call")

    @property
    def call(self) -> tuple[str, dict[str, Any]]:
        """The operation to call and its parameters (none for an operation that is not in ``CALLS``)."""
        default, params = CALLS.get(self.service, ("", {}))
        operation = self.operation or default
        return operation, params if operation == default else {}

    @staticmethod
    def recipes() -> tuple[Recipe, ...]:
        """The builds of the shipped pins."""
        return tuple(recipe for version in PINNED if (recipe := _recipe(version)))

    @staticmethod
    def recipe_called(name: str) -> Recipe | None:
        """The build ``boto3-VERSION``, of a version that is not shipped too."""
        return _recipe(name.removeprefix("boto3-"))

    def recipe(self) -> Recipe | None:
        """The build that this plan needs; None: the boto3 beside chaoskit."""
        return None if self.version is None else _recipe(self.version)

    def argv(self, built: Path) -> list[str]:
        """The command of its process."""
        return module_argv(built, __name__)


def _recipe(version: str) -> Recipe | None:
    exact = (f"boto3=={version}",) if re.fullmatch(r"\d+\.\d+\.\d+", version) else ()
    if not exact and version not in PINNED:
        return None
    return python_recipe(
        name=f"boto3-{version}",
        what=f"boto3 {version} in an environment of its own",
        folder=Path(__file__).parent,
        requirements=f"versions/{version}.txt",
        exact=exact,
    )
