"""Where a DNS fault bites: a pure test of a query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from chaoskit.dns.message import Query
from chaoskit.dns.names import canonical


@dataclass(frozen=True, slots=True)
class Where:
    """The exact ``name`` (case does not matter); empty ``types``, ``transports`` or ``askers`` mean all of them.

    ``askers`` are labels of resolver addresses: the names of clients. Raises ``ValueError`` for a name or type that no query can have.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    name: str
    types: tuple[str, ...] = ()
    transports: tuple[Literal["udp", "tcp"], ...] = ()
    askers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # As queries have them, so that a test is a comparison, and a misspelt type cannot make a fault that meets nothing.
        object.__setattr__(self, "name", canonical(self.name))
        if self.types:
            from chaoskit.dns.codec import canonical_type

            object.__setattr__(self, "types", tuple(map(canonical_type, self.types)))

    def matches(self, query: Query) -> bool:
        """Whether the fault may touch this query."""
        return (
            query.name == self.name
            and (not self.types or query.rtype in self.types)
            and (not self.transports or query.transport in self.transports)
            and (not self.askers or query.asker in self.askers)
        )

    def describe(self) -> str:
        """For people: ``api.example.com (A, AAAA; udp)``."""
        limits = [", ".join(part) for part in (self.types, self.transports, self.askers) if part]
        return (self.name or "the root") + (f" ({'; '.join(limits)})" if limits else "")
