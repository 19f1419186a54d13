"""``boto3``: AWS's SDK for Python, unmodified, with no endpoint override. This module holds its plan and imports no SDK."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias, get_args

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

    def __post_init__(self) -> None:
        if self.connection not in get_args(Connection):
            raise PlaneError(f"client {self.client}: connection is {self.connection!r}; use cold, warm or burst")
        if self.retry_mode is not None and self.retry_mode not in get_args(RetryMode):
            raise PlaneError(
                f"client {self.client}: retry_mode is {self.retry_mode!r}; use legacy, standard or adaptive"
            )
        if self.operation is None and self.service not in OPERATIONS:
            raise PlaneError(f"client {self.client}: name the operation to call on {self.service}")

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
