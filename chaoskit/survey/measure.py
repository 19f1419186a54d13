"""The driver of a survey: one run without a fault, then a run for each trial, as many side by side as there are cores."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from chaoskit.clock import WallClock
from chaoskit.engine import session
from chaoskit.engine.folders import exact_folders
from chaoskit.errors import HarnessError, InputError
from chaoskit.experiment.loader import Experiment
from chaoskit.journal.events import ResolverCacheSeen
from chaoskit.journal.failures import failures_of
from chaoskit.sandbox.namespace import NamespaceSandbox
from chaoskit.sandbox.resolver_caches import ResolverCache
from chaoskit.survey.causes import cause_of
from chaoskit.survey.dependency import Dependencies, dependencies_of
from chaoskit.survey.observe import Usual
from chaoskit.survey.result import Row, Survey
from chaoskit.survey.sockets import watch_sockets
from chaoskit.survey.subject import SOURCE, Subject
from chaoskit.survey.trial import SurveyFault, Trial, trials_of
from chaoskit.survey.words import unserved_line
from chaoskit.units import SECOND, format_duration

OUTPUT = "output.txt"
"""The file in a run's folder with what the command wrote."""

ASKER = "app"
"""What the journal calls whoever has the sockets of a sandbox, which the kernel's table does not say."""

START_UP_NS = 4 * SECOND
"""What a run needs at least beside its own time; the run without a fault shows whether it is more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyPlan:
    """How much is tried. Each of ``faults`` lasts ``fault_ns``, and what comes after it is watched for ``tail_ns``.

    No trial starts that would not be over after ``budget_ns`` (None: no limit). ``at_once`` runs go side by side; results go to ``folder``.
    """

    folder: Path
    faults: Sequence[SurveyFault]
    fault_ns: int
    tail_ns: int
    budget_ns: int | None
    at_once: int


class Surveyor:
    """The runs of one survey; ``tell`` hears of each step in a line for people."""

    def __init__(self, subject: Subject, plan: SurveyPlan, tell: Callable[[str], None]) -> None:
        self._subject = subject
        self._plan = plan
        self._tell = tell
        self._clock = WallClock()
        self._began = self._clock.now()
        self._number = 0
        self._start_up_ns = START_UP_NS
        self._caches: tuple[ResolverCache, ...] = ()

    async def survey(self) -> Survey:
        """Run everything. Raises ``InputError`` where it fails without any fault, ``HarnessError`` where chaoskit does."""
        plan, subject = self._plan, self._subject
        self._tell(f"first without a fault; journals and results go to {plan.folder}")
        usual, dependencies = await self._baseline()
        self._start_up_ns = max(START_UP_NS, self._clock.now() - self._began - usual.length_ns)
        trials = trials_of(dependencies.known, plan.faults, start_ns=subject.start_ns, length_ns=plan.fault_ns)
        self._tell_plan(usual, dependencies, trials)
        services = {dependency.service for dependency in dependencies.known if dependency.service}
        places = asyncio.Semaphore(plan.at_once)
        experiments = [subject.trial(trial, plan.tail_ns, usual, services) for trial in trials]
        outcomes = await asyncio.gather(
            *(
                self._try(trial, experiment, usual, places)
                for trial, experiment in zip(trials, experiments, strict=True)
            )
        )
        return Survey(
            subject=subject.shown,
            usual_ns=usual.elapsed_ns,
            dependencies=dependencies.known,
            unserved=dependencies.unserved,
            rows=tuple(row for row in outcomes if isinstance(row, Row)),
            in_the_way=self._caches,
            left_out=tuple(trial for trial in outcomes if isinstance(trial, Trial)),
        )

    async def _baseline(self) -> tuple[Usual, Dependencies]:
        experiment = self._subject.baseline()
        result = await self._run("baseline", experiment)
        failures = failures_of(result.run)
        if failures:
            raise HarnessError(f"{failures[0]}. Nothing was surveyed; this is no fault of what was to be surveyed")
        caches = {ResolverCache(event.program, event.cache) for _, event in result.run.of(ResolverCacheSeen)}
        self._caches = tuple(sorted(caches))
        dependencies = dependencies_of(result.run, experiment)
        try:
            usual = self._subject.usual(result.run, result.folder / OUTPUT)
        except InputError as error:
            raise InputError("\n".join([str(error), *map(unserved_line, dependencies.unserved)])) from error
        return usual, dependencies

    def _tell_plan(self, usual: Usual, dependencies: Dependencies, trials: Sequence[Trial]) -> None:
        plan = self._plan
        names = ", ".join(dependency.name for dependency in dependencies.known) or "no name that resolves"
        self._tell(f"usual length {format_duration(usual.elapsed_ns)}; depends on {names}")
        for name in dependencies.unserved:
            self._tell(unserved_line(name))
        longest = self._subject.start_ns + plan.fault_ns + plan.tail_ns + usual.elapsed_ns + self._start_up_ns
        total = -(-len(trials) // plan.at_once) * longest
        side_by_side = f"{plan.at_once} side by side" if plan.at_once > 1 else "one after the other"
        self._tell(f"{len(trials)} trials, {side_by_side}, about {format_duration(total)} at most")

    async def _try(self, trial: Trial, experiment: Experiment, usual: Usual, places: asyncio.Semaphore) -> Row | Trial:
        """The trial's row; the trial itself where there is no time for it."""
        plan = self._plan
        async with places:
            end = self._clock.now() - self._began + experiment.duration_ns + self._start_up_ns
            if plan.budget_ns is not None and end > plan.budget_ns:
                return trial
            self._number += 1
            result = await self._run(f"{self._number:03}-{trial.stem}", experiment)
        observation = self._subject.observe(result.run, trial, usual)
        self._tell(f"{trial.title}: {observation.status}")
        return Row(trial, observation, cause_of(trial, observation), result.folder.name, experiment.plain)

    async def _run(self, name: str, experiment: Experiment) -> session.RunResult:
        output = self._plan.folder / f"{name}.txt"
        result = await session.run(
            experiment,
            folders=exact_folders(self._plan.folder / name),
            sandbox="namespace",
            source=experiment.source,
            replay=lambda _: SOURCE,
            program=self._subject.program(experiment, output),
            beside=_watched,
        )
        if output.exists():
            output.rename(result.folder / OUTPUT)
        return result


def _watched(stage: session.Stage) -> AbstractAsyncContextManager[None]:
    assert isinstance(stage.sandbox, NamespaceSandbox)
    return watch_sockets(stage.sandbox.keeper, ASKER, stage.journal, stage.clock)
