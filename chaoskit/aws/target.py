"""Where a service fault bites: a pure test of a request, and what AWS calls its services on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from chaoskit.timeline.counts import check_counts, is_due, told

_WIRE_NAMES = {"elbv2": "elasticloadbalancing"}


def wire_name(service: str) -> str:
    """The service's name in host names and signatures, where that is not the SDK's name for it."""
    return _WIRE_NAMES.get(service, service)


@dataclass(frozen=True, slots=True)
class ServiceTarget:
    """Requests of ``service`` whose ``operation`` fits: a name as in the API, or a glob (``*Item``). For S3 and Route 53, whose requests
    do not name their operation, it is method and path: ``GET /bucket/*``.

    ``first`` and ``every`` count the requests that this lets through while the injection is on, from 1: ``first: 3`` means
    numbers 1 to 3, ``every: 3`` means 3, 6, 9 …; if both are given, both must hold. Dice (``chance``) are thrown after counting.

    Raises ``ValueError`` for what no count can be.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    service: str
    operation: str = "*"
    first: int | None = None
    every: int | None = None

    def __post_init__(self) -> None:
        check_counts(self.first, self.every)

    def matches(self, service: str, operation: str) -> bool:
        """Whether the fault may touch this request, as far as it does not count. ``service`` is the name on the wire."""
        return service == wire_name(self.service) and fnmatchcase(operation, self.operation)

    def due(self, nth: int) -> bool:
        """Whether the ``nth`` request is one that the fault is meant for."""
        return is_due(nth, self.first, self.every)

    def describe(self) -> str:
        """For people: ``dynamodb, *Item, one in 3``."""
        parts = [self.service]
        parts += [self.operation] if self.operation != "*" else []
        return ", ".join([*parts, *told(self.first, self.every)])
