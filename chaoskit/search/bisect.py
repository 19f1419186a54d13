"""The driver of a margin search: asks the policy which value is next, makes the run, and tells the answer."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaoskit.experiment.document import Document
from chaoskit.search.fields import with_values
from chaoskit.search.margin import Answer, Ask, Found, Search, next_step
from chaoskit.search.points import FinishedRun, RunFunction, RunRequest, experiment_text, finished_run, together
from chaoskit.search.quantity import Quantity
from chaoskit.search.store import Store

TRIES = 3
"""How often in a row a value is tried whose runs do not count, before the search stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a margin search is about: the ``field`` of ``document``, and how runs are made. ``unit`` is ``low`` as a quantity."""

    document: Document
    field: str
    unit: Quantity
    search: Search
    seed: int
    sandbox: str
    jobs: int

    def order(self, point: int, number: int) -> RunRequest:
        """The ``number``-th run of the search, at a grid point; each has a seed of its own."""
        changed = with_values(self.document, {self.field: self.value(point).written})
        return RunRequest(text=experiment_text(changed), seed=self.seed + number, sandbox=self.sandbox)

    def value(self, point: int) -> Quantity:
        """The value at a grid point."""
        return self.unit.at(self.search.point(point))


@dataclass(frozen=True, slots=True)
class Step:
    """One run of the search: its name, where, and what became of it."""

    name: str
    point: int
    made: FinishedRun


@dataclass(frozen=True, slots=True)
class Stopped:
    """The search could not go on: the runs at ``point`` do not count, for the reason that ``made`` tells."""

    point: int
    made: FinishedRun


Tell = Callable[[Step, Found | Ask | Stopped], None]
"""Is called with every run, and what follows from the runs so far."""


async def search_margin(task: Task, store: Store, make: RunFunction, tell: Tell) -> tuple[Found | Stopped, list[Step]]:
    """Search to the end, going on from the runs that the store holds."""
    steps = _stored(store)
    while True:
        state = _state(task.search, steps)
        if not isinstance(state, Ask):
            return state, steps
        first = len(steps) + 1
        names = [f"{number:04}-at-{state.point}" for number in range(first, first + task.jobs)]
        orders = [task.order(state.point, first + number) for number in range(task.jobs)]
        results = await together([make(name, order) for name, order in zip(names, orders, strict=True)])
        for name, result in zip(names, results, strict=True):
            steps.append(Step(name, state.point, result))
            tell(steps[-1], _state(task.search, steps))


def _state(search: Search, steps: Sequence[Step]) -> Ask | Found | Stopped:
    last = steps[-TRIES:]
    if len(last) == TRIES and not any(step.made.counts for step in last):
        return Stopped(last[-1].point, last[-1].made)
    return next_step(search, [Answer(step.point, step.made.outcome == "passed") for step in steps if step.made.counts])


def _stored(store: Store) -> list[Step]:
    """The runs to go on from. What lies behind a gap answered other questions, and the last that do not count are to be tried again."""
    steps: list[Step] = []
    names = store.done()
    for name in names:
        match = re.fullmatch(r"(\d{4})-at-(\d+)", name)
        if match is None or int(match[1]) != len(steps) + 1:
            break
        steps.append(Step(name, int(match[2]), finished_run(store.run(name))))
    while steps and not steps[-1].made.counts:
        steps.pop()
    for name in names[len(steps) :]:
        shutil.rmtree(store.run(name))
    return steps
