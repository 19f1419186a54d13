"""The hunt as a whole, on programs in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from chaoskit.hunt.patterns import PATTERNS
from chaoskit.hunt.policies import InOrder
from chaoskit.hunt.report import hunt_text
from chaoskit.hunt.schedule import CallId, Crash, Failure, Hold, Schedule, StaleRead
from chaoskit.hunt.search import Budget, Hunt, PctBound, Search
from chaoskit.hunt.trace import Trace
from tests.hunt.simulated import (
    READ,
    Calls,
    SimulatedPlayer,
    SimulatedProgram,
    adds_then_removes_others,
    nothing,
    swaps,
)

EVERYTHING = Budget()


def hunt(player: SimulatedPlayer, budget: Budget = EVERYTHING) -> Hunt:
    return asyncio.run(Search(player, tuple(player.programs), budget).hunt())


def test_a_check_then_act_race_is_found_and_shrunk() -> None:
    result = hunt(SimulatedPlayer({"A": adds_then_removes_others(2), "B": adds_then_removes_others(3)}))
    assert result.broken is not None
    assert result.broken.reproduced
    assert result.broken.replayed == result.broken.replays == 10
    (hold,) = result.broken.schedule.steps  # one held call is enough
    assert isinstance(hold, Hold)
    assert "Shrunk from" in hunt_text(result, ["never_empty=x"])


def test_a_compare_and_swap_is_not_broken_by_anything() -> None:
    result = hunt(SimulatedPlayer({"A": swaps(2), "B": swaps(3)}))
    assert result.broken is None
    assert [tally.name for tally in result.tallies] == ["in order", "PCT", *PATTERNS]
    assert "Not broken in" in hunt_text(result, ["never_empty=x"])


def test_programs_that_fail_undisturbed_are_told() -> None:
    result = hunt(SimulatedPlayer({"A": swaps(2), "B": swaps(3)}))
    assert result.base is not None
    assert "nothing disturbed" not in hunt_text(result, ["never_empty=x"])
    failed = replace(result, base=replace(result.base, codes=(("A", 0), ("B", 1)), outputs=(("B", "no credentials"),)))
    text = hunt_text(failed, ["never_empty=x"])
    assert "But in the first run in order, which nothing disturbed:" in text
    assert "  B ended with code 1: no credentials" in text


def test_seeds_that_draw_the_same_schedule_have_one_run() -> None:
    player = SimulatedPlayer({"A": nothing(1), "B": nothing(1)})
    result = hunt(player, Budget(seeds=100, patterns=()))
    pct = result.tallies[-1]
    assert pct.bound is not None
    assert (pct.bound.seeds, pct.runs) == (100, 4)  # two orders of priorities, two change points
    assert len(player.runs) == 2 + 4


def test_what_breaks_in_order_needs_no_hold() -> None:
    def empties() -> Calls:
        yield lambda zone: frozenset()

    result = hunt(SimulatedPlayer({"A": empties}))
    assert result.broken is not None
    assert result.broken.schedule.steps == ()
    assert "no call is held" in hunt_text(result, ["never_empty=x"])


def trusts_a_stale_read() -> Calls:
    yield lambda zone: frozenset({2})
    current = yield READ
    if current == frozenset({1}):
        yield lambda zone: frozenset()


def fails_open() -> Calls:
    if (yield READ) is None:  # as an automation that takes a failed list for an empty one
        yield lambda zone: frozenset()


def two_writes() -> Calls:
    yield lambda zone: zone | {2}
    yield lambda zone: zone - {2}


def crashes() -> SimulatedProgram:
    """Marks that it has begun, writes, and takes the mark away; where it finds a mark it empties the set."""

    def program() -> Calls:
        if 9 in ((yield READ) or ()):
            yield lambda zone: frozenset()
        yield lambda zone: zone | {9}
        yield lambda zone: zone - {9}

    return program


@pytest.mark.parametrize(
    ("pattern", "programs", "step"),
    [
        ("crash-between-writes", {"A": crashes()}, Crash(CallId("A", 2))),
        ("reads-from-the-past", {"A": trusts_a_stale_read}, StaleRead(CallId("A", 2), 0)),
        ("failed-call", {"A": fails_open}, Failure(CallId("A", 1), "before")),
    ],
)
def test_each_pattern_finds_its_bug(pattern: str, programs: dict[str, SimulatedProgram], step: object) -> None:
    result = hunt(SimulatedPlayer(programs), Budget(patterns=(pattern,)))
    assert result.broken is not None
    assert result.broken.schedule.steps == (step,)
    assert result.tallies[-1].name == pattern


def test_a_missed_event_comes_between_two_writes() -> None:
    base = SimulatedPlayer({"A": nothing(2), "B": two_writes}).play(InOrder(Schedule(("A", "B"))))
    schedules = [perturbation.schedule for perturbation in PATTERNS["missed-event"](("A", "B"), base)]
    assert Schedule(("A", "B"), (Hold(CallId("A", 1), CallId("B", 2)),)) in schedules
    assert all(isinstance(step, Hold) for schedule in schedules for step in schedule.steps)


def test_a_bound_of_less_than_even_chances_is_vacuous() -> None:
    assert PctBound(programs=4, calls=100, depth=3, seeds=50).is_vacuous
    assert not PctBound(programs=2, calls=6, depth=2, seeds=50).is_vacuous


def test_what_does_not_reproduce_is_said_to_be_so() -> None:
    class Lucky(SimulatedPlayer):
        """Breaks in its third run alone."""

        async def run(self, *arguments: object) -> Trace:
            trace = await super().run(*arguments)  # type: ignore[arg-type]
            return trace if len(self.runs) == 3 else replace(trace, trip=None)

    result = hunt(Lucky({"A": nothing(2), "B": two_writes}, broken=lambda zone: 2 in zone), Budget(seeds=3))
    assert result.broken is not None
    assert not result.broken.reproduced
    assert "nothing was shrunk" in hunt_text(result, ["never_empty=x"])


def test_nothing_to_judge_is_not_exercised() -> None:
    class Blind(SimulatedPlayer):
        async def run(self, *arguments: object) -> Trace:
            return replace(await super().run(*arguments), observed=False)  # type: ignore[arg-type]

    result = hunt(Blind({"A": nothing(1)}))
    assert not result.observed
    assert "Not exercised" in hunt_text(result, ["never_empty=x"])
    silent = hunt(Blind({"A": nothing(0)}))
    assert hunt_text(silent, ["never_empty=x"]).rstrip().endswith("No program made a call.")
