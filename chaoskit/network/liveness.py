"""Proof that the driver and its proxy are at work: several times a second the driver asks the proxy, and notes when it was kept waiting.

A plane that is frozen or starved applies and lifts nothing, and lets every connection wait as if a toxic were on. So each gap without
proof is an event when it is over; one that lasts is a ``ProxyError``, which ends the run as invalid. A driver that is frozen itself, and
stays so, can tell nobody: its ``injection_lifted`` is missing in the journal, and it does not end when it is asked to stop.
"""

from __future__ import annotations

from collections.abc import Callable

from chaoskit.clock import Instant
from chaoskit.errors import ProxyError
from chaoskit.journal.events import Event, PlaneStalled
from chaoskit.units import MILLISECOND

EVERY = 250 * MILLISECOND
STALL = 500 * MILLISECOND
"""A longer time without proof is a stall."""
ANSWER_WITHIN_S = 1.0
"""How long the proxy may take to answer, twice, before it counts as lost."""


NEAR = 50 * MILLISECOND
"""A proof that is due so soon before a change waits for it, so that it does not make the change late."""


def next_due(change: Instant | None, proof: Instant | None) -> Instant | None:
    """When the driver must wake: for its next change, or before that for a proof."""
    if change is None or proof is None:
        return proof if change is None else change
    return change if change < proof + NEAR else proof


class Liveness:
    """``due`` is the instant of the next proof, None before ``begin``. ``probe`` asks the proxy, and raises when it does not answer."""

    def __init__(self, probe: Callable[[], None], emit: Callable[[Event], None], now: Callable[[], Instant]) -> None:
        self._probe = probe
        self._emit = emit
        self._now = now
        self._proved_at: Instant = 0
        self.due: Instant | None = None

    def begin(self) -> None:
        """From now on there must be proof."""
        self._proved_at = self._now()
        self.due = self._proved_at + EVERY

    def prove(self) -> None:
        """Ask the proxy. Raises what ``probe`` raises the second time: the first may be for a driver that was itself frozen meanwhile."""
        try:
            self._probe()
        except ProxyError:
            self._probe()
        at = self._now()
        if at - self._proved_at > STALL:
            self._emit(PlaneStalled(at=at, plane="network", since=self._proved_at))
        self._proved_at = at
        self.due = at + EVERY
