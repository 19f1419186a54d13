"""Where a service fault bites: a pure test of a request, and what AWS calls its services on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from chaoskit.aws.services import wire_name
from chaoskit.timeline.counts import check_counts, is_due, told


@dataclass(frozen=True, slots=True)
class ServiceTarget:
    """Requests of ``service`` whose ``operation`` fits: a name as in the API, or a glob (``*Item``), or one of a list of these. For S3 and
    Route 53, whose requests do not name their operation, it is method and path: ``GET /bucket/*``.

    ``first`` and ``every`` count the requests that this lets through while the injection is on, from 1: ``first: 3`` means
    numbers 1 to 3, ``every: 3`` means 3, 6, 9 …; if both are given, both must hold. Dice (``chance``) are thrown after counting.

    Raises ``ValueError`` for what no count can be.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    service: str
    operation: str | tuple[str, ...] = "*"
    first: int | None = None
    every: int | None = None

    def __post_init__(self) -> None:
        if not self.operations:
            raise ValueError("'operation' has no name in it; leave it out to mean all of them")
        check_counts(self.first, self.every)

    @property
    def operations(self) -> tuple[str, ...]:
        """The names and globs, one of which must fit."""
        return (self.operation,) if isinstance(self.operation, str) else self.operation

    def matches(self, service: str, operation: str) -> bool:
        """Whether the fault may touch this request, as far as it does not count. ``service`` is the name on the wire."""
        return service == wire_name(self.service) and any(fnmatchcase(operation, one) for one in self.operations)

    def due(self, nth: int) -> bool:
        """Whether the ``nth`` request is one that the fault is meant for."""
        return is_due(nth, self.first, self.every)

    def describe(self) -> str:
        """For people: ``dynamodb, *Item, one in 3``."""
        parts = [self.service]
        parts += [" or ".join(self.operations)] if "*" not in self.operations else []
        return ", ".join([*parts, *told(self.first, self.every)])
