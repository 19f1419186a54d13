"""The driver of a survey: one run without a fault, then a run for each trial, as many side by side as there are cores."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chaoskit.clock import WallClock
from chaoskit.engine import session
from chaoskit.engine.folders import exact_folders
from chaoskit.engine.user_command import LABEL, UserCommand
from chaoskit.engine.user_program import ProgramRequest, open_program
from chaoskit.errors import HarnessError, InputError
from chaoskit.experiment.loader import Experiment, resolve_plain
from chaoskit.experiment.plans import services_of
from chaoskit.journal.command import CommandEnd, command_end
from chaoskit.journal.events import HarnessFailed
from chaoskit.sandbox.namespace import NamespaceSandbox
from chaoskit.survey.causes import cause_of
from chaoskit.survey.dependency import Dependencies, dependencies_of
from chaoskit.survey.observation import observe
from chaoskit.survey.result import Row, Survey
from chaoskit.survey.sockets import watch_sockets
from chaoskit.survey.trial import Trial, trials_of, written
from chaoskit.survey.words import unserved_line
from chaoskit.units import SECOND, format_duration

OUTPUT = "output.txt"
"""The file in a run's folder with what the command wrote."""

SOURCE = "chaoskit survey"
START_UP_NS = 6 * SECOND
"""What a run needs beside its own time, about: to know whether there is time for another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyRequest:
    """What to survey. ``base`` has zones, services and region, without timeline and clients; ``program`` is the command.

    A fault lasts ``fault_ns``, and the command is watched for ``tail_ns`` and its usual length afterwards. The run without a fault may last
    ``longest_ns``. No trial starts that would not be over after ``budget_ns`` (None: no limit). ``at_once`` runs go side by side.
    """

    base: Experiment
    program: ProgramRequest
    shown: str
    folder: Path
    quick: bool
    fault_ns: int
    tail_ns: int
    longest_ns: int
    budget_ns: int | None
    at_once: int


class Surveyor:
    """The runs of one survey; ``tell`` hears of each step in a line for people."""

    def __init__(self, request: SurveyRequest, tell: Callable[[str], None]) -> None:
        self._request = request
        self._tell = tell
        self._clock = WallClock()
        self._began = self._clock.now()
        self._services: set[str] = set()
        self._usual_ns = 0
        self._number = 0

    async def survey(self) -> Survey:
        """Run everything. Raises ``InputError`` where the command fails without any fault, ``HarnessError`` where chaoskit does."""
        request = self._request
        self._tell(f"first without a fault; journals and results go to {request.folder}")
        dependencies = await self._baseline()
        trials = trials_of(dependencies.known, quick=request.quick, start_ns=0, length_ns=request.fault_ns)
        self._tell_plan(dependencies, trials)
        places = asyncio.Semaphore(request.at_once)
        outcomes = await asyncio.gather(*(self._try(trial, places) for trial in trials))
        return Survey(
            command=request.shown,
            usual_ns=self._usual_ns,
            dependencies=dependencies.known,
            unserved=dependencies.unserved,
            rows=tuple(row for row in outcomes if isinstance(row, Row)),
            left_out=tuple(trial for trial in outcomes if isinstance(trial, Trial)),
        )

    async def _baseline(self) -> Dependencies:
        request = self._request
        result = await self._run("baseline", self._experiment([], request.longest_ns))
        failures = [event.message for _, event in result.run.of(HarnessFailed)]
        if failures:
            raise HarnessError(f"{failures[0]}. The command was not surveyed; this is no fault of its own.")
        dependencies = dependencies_of(result.run, request.base, LABEL)
        end = command_end(result.run)
        if end is None or end.exit_code != 0:
            raise InputError(_no_baseline(end, dependencies, result.folder / OUTPUT, request.longest_ns))
        self._usual_ns = end.elapsed_ns
        self._services = {dependency.service for dependency in dependencies.known if dependency.service}
        return dependencies

    def _tell_plan(self, dependencies: Dependencies, trials: Sequence[Trial]) -> None:
        request = self._request
        names = ", ".join(dependency.name for dependency in dependencies.known) or "nothing"
        self._tell(f"it took {format_duration(self._usual_ns)}, and depends on {names}")
        for name in dependencies.unserved:
            self._tell(unserved_line(name))
        longest = request.fault_ns + request.tail_ns + self._usual_ns + START_UP_NS
        total = -(-len(trials) // request.at_once) * longest
        side_by_side = f"{request.at_once} side by side" if request.at_once > 1 else "one after the other"
        self._tell(f"{len(trials)} trials, {side_by_side}, {format_duration(total)} at most")

    async def _try(self, trial: Trial, places: asyncio.Semaphore) -> Row | Trial:
        """The trial's row; the trial itself where there is no time for it."""
        request = self._request
        async with places:
            length = trial.start_ns + trial.length_ns + self._usual_ns + request.tail_ns
            end = self._clock.now() - self._began + length + START_UP_NS
            if request.budget_ns is not None and end > request.budget_ns:
                return trial
            self._number += 1
            result = await self._run(
                f"{self._number:03}-{trial.stem}", self._experiment(trial.timeline(), length, trial.title)
            )
        observation = observe(result.run, trial, LABEL, self._usual_ns)
        row = Row(trial, observation, cause_of(trial, observation), result.folder.name)
        self._tell(f"{trial.title}: {observation.status}")
        return row

    def _experiment(self, timeline: list[dict[str, Any]], length_ns: int, title: str | None = None) -> Experiment:
        """The base with this timeline; once it is known which services are used, without the others."""
        plain = self._request.base.plain
        services = plain.get("services") or {}
        if self._services:
            services = {name: written for name, written in services.items() if name in self._services}
        changed = {
            "title": (title or plain["title"])[:200],
            "services": services,
            "timeline": timeline,
            "duration": written(length_ns),
            "limits": {"longest_fault": written(length_ns), "ready_within": "120s", "grace": "0s"},
        }
        return resolve_plain(plain | changed, SOURCE)

    async def _run(self, name: str, experiment: Experiment) -> session.RunResult:
        folder = self._request.folder / name
        output = self._request.folder / f"{name}.txt"
        no_aws = not services_of(experiment.spec)
        program = replace(self._request.program, no_aws=no_aws, output=output)

        @contextlib.asynccontextmanager
        async def prepare(stage: session.Stage) -> AsyncIterator[UserCommand]:
            assert isinstance(stage.sandbox, NamespaceSandbox)
            async with (
                watch_sockets(stage.sandbox.keeper, LABEL, stage.journal, stage.clock),
                open_program(program, stage) as command,
            ):
                yield command

        result = await session.run(
            experiment,
            folders=exact_folders(folder),
            sandbox="namespace",
            source=SOURCE,
            replay=lambda _: SOURCE,
            program=(LABEL, prepare),
        )
        if output.exists():
            output.rename(result.folder / OUTPUT)
        return result


def _no_baseline(end: CommandEnd | None, dependencies: Dependencies, output: Path, longest_ns: int) -> str:
    """Why there is nothing to compare trials with, and what to do."""
    if end is None:
        return f"the command was still running after {format_duration(longest_ns)}, without any fault; raise --longest"
    lines = [f"{end.words}, without any fault; a survey begins with a run that succeeds. What it wrote is in {output}"]
    return "\n".join([*lines, *map(unserved_line, dependencies.unserved)])
