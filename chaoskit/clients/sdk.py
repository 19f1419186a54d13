"""What the plans of all SDK clients have in common, and the refusal of what one of them cannot honour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

from chaoskit.clients.client_plan import ClientPlan
from chaoskit.errors import PlaneError
from chaoskit.units import MILLISECOND, SECOND

P = TypeVar("P", bound="SdkPlan")


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkPlan(ClientPlan):
    """What one client does, as its process is told.

    ``connection``: *cold* opens a new connection for every call, *warm* keeps one, *burst* besides makes ``burst_size`` calls at
    once every ``burst_every_ns``. None leaves a setting to the SDK's own default. ``max_attempts`` counts all tries, as
    ``AWS_MAX_ATTEMPTS`` does. A subclass says what its SDK can do.
    """

    OPERATIONS: ClassVar[Mapping[str, str]]
    """Per service the one operation that the client calls."""

    CONNECTIONS: ClassVar[tuple[str, ...]] = ("cold", "warm", "burst")
    RETRY_MODES: ClassVar[tuple[str, ...]] = ("standard", "adaptive")
    TIMEOUT_STEP_NS: ClassVar[int] = MILLISECOND
    """Time-outs are whole multiples of this."""

    service: str = "dynamodb"
    operation: str | None = None
    region: str = "us-east-1"
    connection: str = "cold"
    every_ns: int = 250 * MILLISECOND
    burst_size: int = 12
    burst_every_ns: int = 5 * SECOND
    retry_mode: str | None = None
    max_attempts: int | None = None
    connect_timeout_ns: int | None = None
    read_timeout_ns: int | None = None

    def __post_init__(self) -> None:
        self.check_operation()
        if self.connection not in self.CONNECTIONS:
            raise self.refusal(f"has no connection {self.connection!r}", f"use {_or(self.CONNECTIONS)}")
        if self.retry_mode is not None and self.retry_mode not in self.RETRY_MODES:
            raise self.refusal(f"has no retry_mode {self.retry_mode!r}", f"use {_or(self.RETRY_MODES)}")
        for name in ("connect_timeout_ns", "read_timeout_ns"):
            value = getattr(self, name)
            if value is not None and (value <= 0 or value % self.TIMEOUT_STEP_NS):
                raise self.refusal(f"cannot keep a {name.removesuffix('_ns')} of {value} ns", "use whole milliseconds")

    def check_operation(self) -> None:
        """Raises ``PlaneError`` for a service or an operation that this client does not call."""
        if self.service not in self.OPERATIONS:
            raise self.refusal(f"does not call {self.service}", f"it calls {_or(self.OPERATIONS)}")
        only = self.OPERATIONS[self.service]
        if self.operation not in (None, only):
            raise self.refusal(f"does not call {self.operation}", f"of {self.service} it calls {only}")

    @classmethod
    def from_json(cls: type[P], plan: dict[str, Any]) -> P:
        """The plan of a first line. Raises ``PlaneError`` for a setting that there is not."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(plan) - known):
            names = ", ".join(name.removesuffix("_ns") for name in unknown)
            raise PlaneError(f"client {plan.get('client', '?')}: {cls.use()} has no setting {names}")
        cls.check_labelled(plan)
        return cls(**plan)


def _or(words: Mapping[str, str] | tuple[str, ...]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
