"""The hunt: run after run until an invariant is broken, then the smallest schedule that still breaks it, and whether that replays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from chaoskit.hunt.ddmin import ddmin
from chaoskit.hunt.patterns import PATTERNS
from chaoskit.hunt.policies import InOrder, Pct, PctDraw, Policy, draw_pct, pct_bound, pct_bound_of_runs
from chaoskit.hunt.schedule import Schedule, Step
from chaoskit.hunt.trace import Trace, fewest_holds

VACUOUS_BELOW = 0.5
"""A bound of fewer than even chances over all runs says nothing, and is called vacuous."""


class Player(Protocol):
    """Plays one run; the real one is ``play.Play``."""

    async def run(self, policy: Policy, steps: Sequence[Step] = ()) -> Trace:
        """One run from the zone's first state."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to hunt: seeds of PCT at a depth, patterns by name, at most so many runs of each, and replays of what was found."""

    seeds: int = 50
    depth: int = 2
    patterns: tuple[str, ...] = tuple(PATTERNS)
    most: int = 40
    replays: int = 10


@dataclass(frozen=True, slots=True)
class Tally:
    """One kind of runs: how many, of how many possible; of PCT ``possible`` counts seeds, and there is its bound."""

    name: str
    runs: int
    possible: int
    bound: PctBound | None = None


@dataclass(frozen=True, slots=True)
class PctBound:
    """PCT's bound: ``each`` seed meets a bug of this depth with at least this probability, ``all_seeds`` together with that.

    ``seeds`` are those that were drawn for runs of ``calls`` calls, which is the most that any run had. It speaks of what an order
    of calls can break, and of nothing that a clock decides.
    """

    programs: int
    calls: int
    depth: int
    seeds: int

    @property
    def each(self) -> float:
        return pct_bound(self.programs, self.calls, self.depth)

    @property
    def all_seeds(self) -> float:
        return pct_bound_of_runs(self.each, self.seeds)

    @property
    def is_vacuous(self) -> bool:
        return self.all_seeds < VACUOUS_BELOW


@dataclass(frozen=True, slots=True)
class Break:
    """A broken invariant: ``how`` it was met, the schedule and trace of that run, and of the smallest that was found.

    ``reproduced`` says whether the schedule, as holds, broke it again; if not, nothing was shrunk. ``replayed`` of ``replays`` runs of
    ``schedule`` broke it.
    """

    how: str
    first: Trace
    schedule: Schedule
    trace: Trace
    steps_before: int
    shrinking_runs: int
    reproduced: bool
    replayed: int = 0
    replays: int = 0


@dataclass(frozen=True, slots=True)
class Hunt:
    """What was done and found. ``traces`` counts all runs; ``cut`` are the reasons for which runs were stopped early."""

    tallies: tuple[Tally, ...]
    broken: Break | None
    runs: int
    observed: bool
    cut: tuple[str, ...] = ()
    strangers: int = 0
    lost: int = 0
    base: Trace | None = None


Listener = Callable[[str], object]


@dataclass(slots=True)
class Search:
    """One hunt. ``listen`` hears, in words, what is tried next."""

    player: Player
    labels: tuple[str, ...]
    budget: Budget
    listen: Listener = lambda _: None
    _runs: int = 0
    _calls: int = 0
    _observed: bool = False
    _cut: dict[str, None] = field(default_factory=dict)
    _strangers: int = 0
    _lost: int = 0
    _tallies: list[Tally] = field(default_factory=list)

    async def hunt(self) -> Hunt:
        """Everything of the budget, or as much as is needed to break an invariant."""
        orders = list(dict.fromkeys([self.labels, self.labels[::-1]]))
        bases: list[tuple[tuple[str, ...], Trace]] = []
        for order in orders:
            self.listen(f"in order {', '.join(order)}")
            trace = await self._run(InOrder(Schedule(order)))
            bases.append((order, trace))
            if trace.trip:
                self._tallies.append(Tally("in order", len(bases), len(orders)))
                return self._result(await self._shrink("one after the other", order, trace, ()), bases)
        self._tallies.append(Tally("in order", len(bases), len(orders)))
        broken = await self._pct()
        for name in self.budget.patterns if broken is None else ():
            broken = broken or await self._pattern(name, bases)
        return self._result(broken, bases)

    async def replay(self, schedule: Schedule, times: int) -> tuple[int, Trace]:
        """How many of so many runs of ``schedule`` break the invariant, and the last trace that did (or the last)."""
        hits, last = 0, None
        for number in range(times):
            self.listen(f"replay {number + 1} of {times}")
            trace = await self._run(InOrder(schedule), schedule.steps)
            hits += trace.trip is not None
            last = trace if trace.trip or last is None else last
        assert last is not None
        return hits, last

    async def _pct(self) -> Break | None:
        drawn: set[PctDraw] = set()
        longer_at = 0  # the last seed whose run was longer than was thought: the bound speaks of those after it alone
        for seed in range(1, self.budget.seeds + 1):
            calls = max(self._calls, 1)
            draw = draw_pct(self.labels, calls, self.budget.depth, seed)
            if draw in drawn:  # it would go as it went
                continue
            drawn.add(draw)
            self.listen(f"PCT, depth {self.budget.depth}, seed {seed} of {self.budget.seeds}")
            trace = await self._run(Pct(draw))
            if trace.trip:
                self._tally_pct(seed, len(drawn), PctBound(len(self.labels), calls, self.budget.depth, 1))
                how = f"PCT of depth {self.budget.depth}, seed {seed}"
                order, holds = fewest_holds([call.call for call in trace.calls], self.labels, trace.unfinished)
                return await self._shrink(how, order, trace, holds)
            longer_at = seed if self._calls > calls else longer_at
        seeds = self.budget.seeds - longer_at
        bound = PctBound(len(self.labels), max(self._calls, 1), self.budget.depth, seeds)
        self._tally_pct(self.budget.seeds, len(drawn), bound)
        return None

    def _tally_pct(self, seeds: int, runs: int, bound: PctBound) -> None:
        """``runs`` were made for so many seeds: seeds that draw the same schedule have one run, whose outcome is that of all."""
        if seeds:
            self._tallies.append(Tally("PCT", runs, seeds, bound))

    async def _pattern(self, name: str, bases: Sequence[tuple[tuple[str, ...], Trace]]) -> Break | None:
        possible = {
            perturbation.schedule: perturbation
            for order, trace in bases
            for perturbation in PATTERNS[name](order, trace)
        }
        for number, perturbation in enumerate(islice(possible.values(), self.budget.most), 1):
            self.listen(f"{name}, {number} of {len(possible)}: {perturbation.words}")
            schedule = perturbation.schedule
            trace = await self._run(InOrder(schedule), schedule.steps)
            if trace.trip:
                self._tallies.append(Tally(name, number, len(possible)))
                return await self._shrink(f"{name}: {perturbation.words}", schedule.order, trace, schedule.steps)
        self._tallies.append(Tally(name, min(len(possible), self.budget.most), len(possible)))
        return None

    async def _shrink(self, how: str, order: tuple[str, ...], first: Trace, steps: tuple[Step, ...]) -> Break:
        """The fewest steps that still break the same invariant."""
        assert first.trip is not None
        invariant = first.trip.invariant
        before = self._runs
        last: dict[tuple[Step, ...], Trace] = {}

        async def breaks(tried: tuple[Step, ...]) -> bool:
            self.listen(f"shrinking: {len(tried)} of {len(steps)} steps")
            schedule = Schedule(order, tried)
            last[tried] = await self._run(InOrder(schedule), tried)
            trip = last[tried].trip
            return trip is not None and trip.invariant == invariant

        if not await breaks(steps):
            schedule = Schedule(order, steps)
            return Break(how, first, schedule, first, len(steps), self._runs - before, reproduced=False)
        left = await ddmin(steps, breaks)
        schedule, shrinking = Schedule(order, left), self._runs - before
        replayed, _ = await self.replay(schedule, self.budget.replays) if self.budget.replays else (0, first)
        return Break(
            how,
            first,
            schedule,
            last[left],
            len(steps),
            shrinking,
            reproduced=True,
            replayed=replayed,
            replays=self.budget.replays,
        )

    async def _run(self, policy: Policy, steps: Sequence[Step] = ()) -> Trace:
        trace = await self.player.run(policy, steps)
        self._runs += 1
        self._calls = max(self._calls, len(trace.calls))
        self._observed = self._observed or trace.observed
        self._strangers += trace.strangers
        self._lost += trace.lost
        if trace.cut:
            self._cut[trace.cut] = None
        return trace

    def _result(self, broken: Break | None, bases: Sequence[tuple[tuple[str, ...], Trace]]) -> Hunt:
        return Hunt(
            tallies=tuple(self._tallies),
            broken=broken,
            runs=self._runs,
            observed=self._observed,
            cut=tuple(self._cut),
            strangers=self._strangers,
            lost=self._lost,
            base=bases[0][1],
        )
