"""The driver of ``at_least``: makes runs at one value of a field until the rule has its answer."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaoskit.experiment.document import Document
from chaoskit.search.at_least import Decision, Plan, decide
from chaoskit.search.bisect import TRIES
from chaoskit.search.fields import with_values
from chaoskit.search.points import FinishedRun, RunFunction, RunRequest, experiment_text, finished_run, together
from chaoskit.search.quantity import Quantity
from chaoskit.search.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueTest:
    """What is tested: whether the expectations hold often enough with ``field`` of ``document`` at ``value``, and how runs are made."""

    document: Document
    field: str
    value: Quantity
    plan: Plan
    seed: int
    sandbox: str
    jobs: int

    def request(self, number: int) -> RunRequest:
        """The ``number``-th run, from 1; each has a seed of its own."""
        changed = with_values(self.document, {self.field: self.value.written})
        return RunRequest(text=experiment_text(changed), seed=self.seed + number, sandbox=self.sandbox)

    def decide(self, runs: Sequence[FinishedRun]) -> Decision | FinishedRun | None:
        """The answer; or, when the last runs do not count, the last of them, which tells why; None: make more."""
        last = runs[-TRIES:]
        if len(last) == TRIES and not any(run.counts for run in last):
            return last[-1]
        return decide(self.plan, [run.outcome == "passed" for run in runs if run.counts])


async def settle(
    test: ValueTest,
    store: Store,
    make: RunFunction,
    tell: Callable[[int, FinishedRun], None],
) -> tuple[Decision | FinishedRun, list[FinishedRun]]:
    """Make runs, ``jobs`` at once, from those that the store holds, until the answer is known; ``tell`` hears of each with its number.

    Runs count in the order of their numbers, not in that of their ends, so that quick ones are not heard first.
    """
    runs = _stored(store)
    while True:
        decision = test.decide(runs)
        if decision is not None:
            return decision, runs
        numbers = range(len(runs) + 1, len(runs) + 1 + test.jobs)
        for number, run in zip(
            numbers, await together([make(f"{number:04}", test.request(number)) for number in numbers]), strict=True
        ):
            runs.append(run)
            tell(number, run)


def _stored(store: Store) -> list[FinishedRun]:
    """The runs without a gap from the first, without those at their end that do not count: they are tried again."""
    names = store.done()
    runs: list[FinishedRun] = []
    for name in names:
        if not re.fullmatch(r"\d{4}", name) or int(name) != len(runs) + 1:
            break
        runs.append(finished_run(store.run(name)))
    while runs and not runs[-1].counts:
        runs.pop()
    for name in names[len(runs) :]:
        shutil.rmtree(store.run(name))
    return runs
