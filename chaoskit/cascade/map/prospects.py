"""What lies ahead of a system in each state once its outage is over, by its Markov chain: escape from collapse, and time to recover."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.cascade.map.witnesses import long_words
from chaoskit.cascade.system.chain import Chain, unfit
from chaoskit.cascade.system.model import System

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Queues that are told in words, as shares of the longest."""


@dataclass(frozen=True, slots=True)
class Prospects:
    """Arrays indexed [waiting, outstanding retries]; empty, with a ``note``, where the chain cannot be asked.

    ``escape`` is the chance to be healthy before it collapses, ``recovery_s`` the mean seconds until it is healthy.
    """

    escape: NDArray[Any]
    recovery_s: NDArray[Any]
    note: str

    def half(self) -> list[tuple[float, float]]:
        """For each number of retries the least queue from which it escapes with a chance below one half, as (waiting, retries)."""
        columns = self.escape < 0.5
        return [(float(columns[:, r].argmax()), float(r)) for r in range(self.escape.shape[1]) if columns[:, r].any()]

    def rows(self) -> list[tuple[int, str, str]]:
        """(waiting, chance to escape, mean time to be well) from some queues without an outstanding retry."""
        if not len(self.escape):
            return []
        lengths = dict.fromkeys(round(share * (len(self.escape) - 1)) for share in SHARES)
        return [(q, f"{self.escape[q, 0]:.3f}", long_words(float(self.recovery_s[q, 0]))) for q in lengths]


def prospects_of(system: System, load_per_s: float) -> Prospects:
    """The prospects at one load."""
    import numpy as np

    if reason := unfit(system):
        return Prospects(np.zeros((0, 0)), np.zeros((0, 0)), f"the Markov chain is not asked: {reason}")
    return Prospects(*Chain(system, load_per_s).hitting(), "")


def prospect_words(prospects: Prospects) -> Iterator[str]:
    """The prospects for a terminal."""
    if prospects.note:
        yield f"Chance to escape and time to recover are unknown: {prospects.note}."
        return
    yield "After the outage, by the Markov chain, from a queue without an outstanding retry:"
    for waiting, escape, recovery in prospects.rows():
        yield f"  {waiting:>4} waiting: healthy before it collapses with chance {escape}; mean time until it is healthy {recovery}"
