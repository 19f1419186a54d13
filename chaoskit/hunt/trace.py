"""What happened in one run, call by call, in the order in which the calls took effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, permutations
from typing import Literal

from chaoskit.hunt.schedule import CallId, Hold

MOST_ORDERS = 120
"""Orders of programs that are compared: all, for 5 programs."""


@dataclass(frozen=True, slots=True)
class TracedCall:
    """One call. ``what`` says it in words; ``result`` is the HTTP status with the error's code, or the RCODE.

    ``version`` is that of the zone which it read, or which stood after it; ``wrote`` whether it changed the zone.
    """

    call: CallId
    kind: Literal["read", "write"]
    what: str
    result: str
    version: int
    wrote: bool = False


@dataclass(frozen=True, slots=True)
class Trip:
    """The trip-wire's finding: ``invariant`` was broken by ``call``, the last of the trace."""

    invariant: str
    because: str
    call: CallId


@dataclass(frozen=True, slots=True)
class Trace:
    """A run. ``unfinished`` are the programs that had not ended when it stopped.

    ``codes`` are the exit codes of those that had, and ``outputs`` the last line that each has printed. ``cut`` says why it stopped
    before its time, if so. ``strangers`` counts calls of none of the programs, ``lost`` those whose sender waited for no answer any more.
    """

    calls: tuple[TracedCall, ...]
    trip: Trip | None = None
    unfinished: frozenset[str] = frozenset()
    codes: tuple[tuple[str, int], ...] = ()
    outputs: tuple[tuple[str, str], ...] = ()
    cut: str = ""
    strangers: int = 0
    lost: int = 0
    observed: bool = True
    """Whether the invariants had anything to judge."""
    states: tuple[Mapping[str, Sequence[str]], ...] = ()
    """What the watched names had in each version of the zone: records in presentation form."""


def holds_of(
    calls: Sequence[CallId], order: Sequence[str], unfinished: frozenset[str] = frozenset()
) -> tuple[Hold, ...]:
    """The holds with which ``Schedule(order, …)`` gives these calls in just this order: one for each place where it would go another way.

    A program of ``unfinished`` would have called again after its last call here, and is held to the end of them.
    """
    places: dict[str, list[int]] = {name: [] for name in order}
    for place, call in enumerate(calls):
        places[call.program].append(place)
    holds: dict[CallId, Hold] = {}
    current = order[0]
    next_number = {name: calls[positions[0]].number if positions else 1 for name, positions in places.items()}
    for place, call in enumerate(calls):
        while (choice := _choice(order, current, places, next_number, holds, calls, place, unfinished)) != call.program:
            later = [position for position in places[choice] if position >= place]
            until = calls[later[0] - 1] if later else calls[-1]
            held = CallId(choice, next_number[choice])
            holds[held] = Hold(held, until)
        current = call.program
        next_number[call.program] = call.number + 1
    return tuple(holds.values())


def fewest_holds(
    calls: Sequence[CallId], labels: Sequence[str], unfinished: frozenset[str]
) -> tuple[tuple[str, ...], tuple[Hold, ...]]:
    """The order of the programs in which these calls need the fewest holds, and those holds. See ``MOST_ORDERS``."""
    orders = islice(permutations(labels), MOST_ORDERS)
    schedules = ((order, holds_of(calls, order, unfinished)) for order in orders)
    return min(schedules, key=lambda schedule: len(schedule[1]))


def _choice(
    order: Sequence[str],
    current: str,
    places: dict[str, list[int]],
    next_number: dict[str, int],
    holds: dict[CallId, Hold],
    calls: Sequence[CallId],
    place: int,
    unfinished: frozenset[str],
) -> str:
    """Whom the order would let go on at this place, with the holds so far."""
    answered = set(calls[:place])
    able = [name for name in order if name in unfinished or any(position >= place for position in places[name])]
    free = []
    for name in able:
        hold = holds.get(CallId(name, next_number[name]))
        if hold is None or hold.until in answered:
            free.append(name)
    candidates = free or able
    return current if current in candidates else candidates[0]
