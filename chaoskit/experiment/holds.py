"""Where a run waits for somebody's go: ``hold: true`` on an entry of the timeline, or ``chaoskit run --hold``.

The experiment's time stands still at a hold: everything that lies behind it comes later by as long as it took. So no fault may be on
at a hold, or it would last longer than it was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chaoskit.timeline.cron import Cron
from chaoskit.timeline.held import Held
from chaoskit.timeline.injection import Injection

EVER, NEVER = 1 << 62, -1


@dataclass(frozen=True, slots=True)
class Hold:
    """The ``number``-th hold of a run, counted from 1, at offset ``at`` of the time as written: before the faults ``injections``."""

    number: int
    at: int
    injections: tuple[Injection[Any, Any], ...]

    @property
    def event(self) -> str:
        """The name under which every process of the run is told that it is over."""
        return f"go {self.number}"

    @property
    def before(self) -> str:
        """What it holds back first, for people; nothing of a fault that is hidden."""
        return ", ".join("a fault that is not shown" if injection.hidden else injection.id for injection in self._first)

    @property
    def shown(self) -> tuple[str, ...]:
        """The ids of what it holds back first, without those that are hidden."""
        return tuple(injection.id for injection in self._first if not injection.hidden)

    @property
    def _first(self) -> list[Injection[Any, Any]]:
        return [injection for injection in self.injections if _begins(injection) == self.at]


def held_up(at: int, injections: Iterable[Injection[Any, Any]]) -> list[str]:
    """The ids of what keeps a run from being held at ``at``: faults that are on then, and what follows the wall clock."""
    return [injection.id for injection in injections if isinstance(injection.when, Cron) or _is_on(injection, at)]


def hold_points(injections: Sequence[Injection[Any, Any]]) -> tuple[int, ...]:
    """Every offset at which a fault begins while no other is on: where ``--hold`` waits."""
    starts = sorted({_begins(injection) for injection in injections} - {NEVER})
    return tuple(at for at in starts if not held_up(at, injections))


def holds_of(points: Sequence[int], injections: Sequence[Injection[Any, Any]]) -> tuple[Hold, ...]:
    """A hold for each of ``points``, which are in order; each holds back what begins before the next one."""
    ends = [*points[1:], EVER]
    return tuple(
        Hold(number, at, tuple(injection for injection in injections if at <= _begins(injection) < end))
        for number, (at, end) in enumerate(zip(points, ends, strict=True), 1)
    )


def held_back(
    planes: Mapping[str, Sequence[Injection[Any, Any]]], holds: Sequence[Hold]
) -> dict[str, tuple[Injection[Any, Any], ...]]:
    """``planes`` with windows that wait for the holds that lie before them."""
    return {key: tuple(_held(injection, holds) for injection in injections) for key, injections in planes.items()}


def _held(injection: Injection[Any, Any], holds: Sequence[Hold]) -> Injection[Any, Any]:
    begins = _begins(injection)
    window = injection.when
    for hold in reversed(holds):
        if hold.at <= begins:
            window = Held(window, hold.event, hold.at)
    return replace(injection, when=window)


def _begins(injection: Injection[Any, Any]) -> int:
    """The offset at which it is first on."""
    begins = injection.when.next_change(-1)
    return NEVER if begins is None else begins


def _is_on(injection: Injection[Any, Any], at: int) -> bool:
    """Whether its whole time, with the pauses of one that pulses or flaps, has begun before ``at`` and is not over then."""
    spans = injection.when.spans(EVER)
    return bool(spans) and spans[0][0] < at < spans[-1][1]
