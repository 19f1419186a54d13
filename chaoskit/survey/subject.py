"""What is surveyed: a command that runs once, or the clients and apps of an experiment. Each knows its experiments and its observations."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from chaoskit.engine import session
from chaoskit.engine.user_command import LABEL, UserCommand
from chaoskit.engine.user_program import ProgramRequest, open_program
from chaoskit.errors import InputError
from chaoskit.experiment.loader import Experiment, resolve_plain
from chaoskit.experiment.plans import services_of
from chaoskit.journal.command import command_end
from chaoskit.journal.run import Run
from chaoskit.survey.observation import Observation
from chaoskit.survey.observe import Usual, observe_clients, observe_command, usual_of_clients
from chaoskit.survey.trial import Trial, written
from chaoskit.units import SECOND, format_duration

SOURCE = "chaoskit survey"


class Subject(Protocol):
    """What is surveyed."""

    @property
    def shown(self) -> str:
        """What people may read of it."""

    @property
    def start_ns(self) -> int:
        """When a trial's fault begins."""

    def baseline(self) -> Experiment:
        """The run without a fault."""

    def usual(self, run: Run, output: Path) -> Usual:
        """How it is without a fault. Raises ``InputError`` where it did not succeed, or made nothing that can be compared."""

    def trial(self, trial: Trial, tail_ns: int, usual: Usual, services: set[str]) -> Experiment:
        """The run of one trial; ``services`` are those that are needed."""

    def observe(self, run: Run, trial: Trial, usual: Usual) -> Observation:
        """What became of it."""

    def program(self, experiment: Experiment, output: Path) -> tuple[str, session.Program] | None:
        """The user's program that plays in the run, which writes to ``output``; None where the experiment has clients."""


@dataclass(frozen=True, slots=True)
class CommandSubject:
    """A command that runs once and ends. ``base`` has zones and services; it may last ``longest_ns`` without a fault."""

    shown: str
    base: Experiment
    request: ProgramRequest
    longest_ns: int
    start_ns: int = 0

    def baseline(self) -> Experiment:
        return _changed(self.base, None, [], self.longest_ns)

    def usual(self, run: Run, output: Path) -> Usual:
        end = command_end(run)
        if end is None:
            limit = format_duration(self.longest_ns)
            raise InputError(
                f"the command was still running after {limit}, without any fault. Raise --longest; for a server, say with "
                "--ready and --probe how to ask it"
            )
        if end.exit_code != 0:
            raise InputError(
                f"{end.words}, without any fault; a survey begins with a run that succeeds. What it wrote is in {output}"
            )
        return Usual(elapsed_ns=end.elapsed_ns, longest_ns=end.elapsed_ns, length_ns=end.elapsed_ns)

    def trial(self, trial: Trial, tail_ns: int, usual: Usual, services: set[str]) -> Experiment:
        length = trial.start_ns + trial.length_ns + usual.elapsed_ns + tail_ns
        specs = {name: spec for name, spec in (self.base.plain.get("services") or {}).items() if name in services}
        return _changed(self.base, trial, trial.timeline(), length, {"services": specs})

    def observe(self, run: Run, trial: Trial, usual: Usual) -> Observation:
        return observe_command(run, trial, usual)

    def program(self, experiment: Experiment, output: Path) -> tuple[str, session.Program] | None:
        own_tls = any(service.tls for service in experiment.spec.own_services.values())
        no_aws = not (services_of(experiment.spec) or own_tls)
        request = replace(self.request, no_aws=no_aws, output=output)

        @contextlib.asynccontextmanager
        async def prepare(stage: session.Stage) -> AsyncIterator[UserCommand]:
            async with open_program(request, stage) as command:
                yield command

        return LABEL, prepare


@dataclass(frozen=True, slots=True)
class ExperimentSubject:
    """The clients (and apps) of an experiment, which call all the time; their calls are what is judged."""

    shown: str
    base: Experiment
    baseline_ns: int = 6 * SECOND
    start_ns: int = 3 * SECOND

    def baseline(self) -> Experiment:
        return _changed(self.base, None, [], self.baseline_ns)

    def usual(self, run: Run, output: Path) -> Usual:
        for client in run.callers:
            calls = run.calls[client]
            failed = [call for call in calls if call.result == "failed"]
            if not calls:
                raise InputError(
                    f"client {client} made no call in {format_duration(self.baseline_ns)}; let it call more often"
                )
            if failed:
                error = failed[0].errors[0] if failed[0].errors else None
                because = f": {error.type}: {error.message}" if error else ""
                raise InputError(
                    f"client {client}: {len(failed)} of {len(calls)} calls failed without any fault{because}"
                )
        return usual_of_clients(run)

    def trial(self, trial: Trial, tail_ns: int, usual: Usual, services: set[str]) -> Experiment:
        return _changed(self.base, trial, trial.timeline(), trial.start_ns + trial.length_ns + tail_ns)

    def observe(self, run: Run, trial: Trial, usual: Usual) -> Observation:
        return observe_clients(run, trial, usual)

    def program(self, experiment: Experiment, output: Path) -> tuple[str, session.Program] | None:
        return None


def _changed(
    base: Experiment,
    trial: Trial | None,
    timeline: list[dict[str, Any]],
    length_ns: int,
    more: Mapping[str, Any] | None = None,
) -> Experiment:
    """``base`` with this timeline and length, and nothing expected of it."""
    plain = base.plain
    limits = {**(plain.get("limits") or {}), "longest_fault": written(length_ns), "ready_within": "120s", "grace": "0s"}
    limits.pop("smallest_time_scale", None)
    changed = {"timeline": timeline, "duration": written(length_ns), "limits": limits, "expect": []}
    if trial is not None:
        changed["title"] = trial.title[:200]
    return resolve_plain({**plain, **changed, **(more or {})}, base.source)
