"""Published results about retries and metastable failures, reproduced: what the source says, what comes out here, and the difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One published figure or outcome beside ours.

    Figures are numbers, outcomes words. ``tolerance`` is a share of the published figure; ``assumed`` is what the source leaves open.
    """

    source: str
    what: str
    published: float | str
    ours: float | str
    tolerance: float = 0.0
    assumed: str = ""

    @property
    def off_by(self) -> float | None:
        """Ours less the published figure, as a share of it; None for outcomes."""
        if isinstance(self.published, str) or isinstance(self.ours, str):
            return None
        return self.ours / self.published - 1

    @property
    def holds(self) -> bool:
        """Whether ours is within the tolerance, or the same outcome."""
        off = self.off_by
        return self.published == self.ours if off is None else abs(off) <= self.tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A published result that is not reproduced, and why."""

    source: str
    what: str
    why: str


LEFT_OUT = (
    LeftOut(
        source="SREGym, search_rate_retry_collapse",
        what="success, amplification and queue measured on its own Kubernetes application",
        why="its outcome is reproduced above; its measured figures depend on a cluster that is not described",
    ),
    LeftOut(
        source="Huang et al., OSDI 2022, garbage collection and look-aside cache",
        what="two further kinds of metastable failure",
        why="their mechanisms (a collector's pauses, a cold cache) are no part of this model",
    ),
    LeftOut(
        source="happy-simulator, 134,580 and 150,604 events a second",
        what="its own speed",
        why="figures of another machine; `python -m tests.bench.cascade` runs it beside ours where it is installed",
    ),
)


def all_rows(*, seeds: int = 100) -> list[Row]:
    """Every row, in the order of the page. ``seeds``: plays of each cell of the jitter table; the tolerances are meant for 100."""
    from chaoskit.cascade.results import amplification, collapse, jitter

    parts: tuple[Callable[[], list[Row]], ...] = (
        lambda: jitter.rows(seeds),
        amplification.rows,
        collapse.rows,
    )
    return [row for part in parts for row in part()]
