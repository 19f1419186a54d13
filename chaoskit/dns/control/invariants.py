"""What must hold of records while the server runs: told what changes, it says what broke. Who judges is wired from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from chaoskit.dns.control.event_stream import InvariantBroken
from chaoskit.journal.events import ZoneChanged


@dataclass(frozen=True, slots=True)
class InvariantState:
    """One invariant as it was ``written``: what the changes so far show (held, broken or unknown), and how often it was ``broken``."""

    invariant: str
    kind: str
    finding: str
    because: str
    broken: int


class Watch(Protocol):
    """Judges invariants. Everything is called on the DNS server's own thread."""

    @property
    def broken(self) -> int:
        """How often an invariant was broken."""

    def changed(self, event: ZoneChanged) -> list[InvariantBroken]:
        """The invariants that a change breaks."""

    def states(self) -> Sequence[InvariantState]:
        """What is known of each."""
