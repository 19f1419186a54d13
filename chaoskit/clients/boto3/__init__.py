"""``boto3``: AWS's SDK for Python, unmodified, with no endpoint override. This module holds its plan and imports no SDK.

Without ``version`` it is the boto3 that is installed beside chaoskit. With one it is a pinned one in an environment of its own, which
``chaoskit clients build`` makes: a shipped pin (``1.43``: the files in ``versions/``) or any exact version (``1.43.10``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from chaoskit.clients.build import Recipe
from chaoskit.clients.environments import module_argv, python_recipe
from chaoskit.errors import PlaneError
from chaoskit.units import MILLISECOND, SECOND

Connection: TypeAlias = Literal["cold", "warm", "burst"]
RetryMode: TypeAlias = Literal["legacy", "standard", "adaptive"]

OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
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
class Boto3:
    """What one boto3 client does, as its process is told.

    ``connection``: *cold* opens a new connection for every call, *warm* keeps one, *burst* besides makes ``burst_size`` calls at
    once every ``burst_every_ns``. None leaves a setting to the SDK's own default. ``max_attempts`` counts all tries, as
    ``AWS_MAX_ATTEMPTS`` does.
    """

    client: str
    service: str = "dynamodb"
    operation: str | None = None
    region: str = "us-east-1"
    connection: Connection = "cold"
    every_ns: int = 250 * MILLISECOND
    burst_size: int = 12
    burst_every_ns: int = 5 * SECOND
    retry_mode: RetryMode | None = None
    max_attempts: int | None = None
    connect_timeout_ns: int | None = None
    read_timeout_ns: int | None = None
    version: str | None = None

    def __post_init__(self) -> None:
        if self.connection not in get_args(Connection):
            raise PlaneError(f"client {self.client}: connection is {self.connection!r}; use cold, warm or burst")
        if self.retry_mode is not None and self.retry_mode not in get_args(RetryMode):
            raise PlaneError(
                f"client {self.client}: retry_mode is {self.retry_mode!r}; use legacy, standard or adaptive"
            )
        if self.operation is None and self.service not in OPERATIONS:
            raise PlaneError(f"client {self.client}: name the operation to call on {self.service}")
        if self.version is not None and _recipe(self.version) is None:
            raise PlaneError(
                f"client {self.client}: no boto3 {self.version!r} is pinned here; "
                f"use {', '.join(PINNED)}, or an exact version like {PINNED[0]}.0"
            )

    @classmethod
    def from_json(cls, plan: dict[str, Any]) -> Boto3:
        """The plan of a first line. Raises ``PlaneError`` for a setting that there is not."""
        unknown = sorted(set(plan) - {field.name for field in fields(cls)})
        if unknown or "client" not in plan:
            raise PlaneError(
                f"boto3 client: {'unknown setting ' + ', '.join(unknown) if unknown else 'no client name'}"
            )
        return cls(**plan)

    @property
    def call(self) -> tuple[str, dict[str, Any]]:
        """The operation to call and its parameters (none for an operation that is not in ``OPERATIONS``)."""
        default, params = OPERATIONS.get(self.service, ("", {}))
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
