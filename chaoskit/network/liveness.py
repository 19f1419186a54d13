"""Proof that the proxy is at work: several times a second the driver has it answer.

A proxy that is frozen applies and lifts nothing, and lets every connection wait as if a toxic were on. That its driver is at work is proved
by the driver's process itself (``Child.prove_alive``).
"""

from __future__ import annotations

from collections.abc import Callable

from chaoskit.clock import Instant
from chaoskit.errors import ProxyError
from chaoskit.units import MILLISECOND

EVERY = 250 * MILLISECOND
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
    """``due`` is the instant of the next proof, None before ``begin``. ``probe`` has the proxy answer, or raises ``ProxyError``."""

    def __init__(self, probe: Callable[[], None], now: Callable[[], Instant]) -> None:
        self._probe = probe
        self._now = now
        self.due: Instant | None = None

    def begin(self) -> None:
        """From now on there must be proof."""
        self.due = self._now() + EVERY

    def prove(self) -> None:
        """Ask the proxy. Raises what ``probe`` raises the second time: the first may be for a driver that was itself frozen meanwhile."""
        try:
            self._probe()
        except ProxyError:
            self._probe()
        self.due = self._now() + EVERY
