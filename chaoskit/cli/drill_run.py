"""The run of ``chaoskit drill``: the trainee's shell or program in the sandbox, beside the customers, and the debrief after it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import typer

from chaoskit.cli.ci import CiOptions
from chaoskit.cli.exec_run import CommandSession, ExecRequest, Terminal, play, say
from chaoskit.drill.debrief import debrief_lines, post_mortem
from chaoskit.drill.desk import Desk
from chaoskit.drill.judge import DrillScore, score_of, view_of
from chaoskit.drill.program import DrillProgram
from chaoskit.drill.scenario import Scenario
from chaoskit.drill.team import add_score
from chaoskit.engine.ports import UserProgram
from chaoskit.engine.session import RunResult, Stage
from chaoskit.engine.steering import Obey
from chaoskit.engine.user_program import open_program
from chaoskit.errors import HarnessError
from chaoskit.fold import folded
from chaoskit.journal.failures import failures_of
from chaoskit.report.write import write_text
from chaoskit.units import format_duration

OUR_FAILURE = 125


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRequest:
    """The validated input of one drill. ``responder`` empty: a person at ``shell``."""

    scenario: Scenario
    responder: tuple[str, ...]
    replay: str
    shell: str
    out: Path
    team: Path | None
    status_page: Path | None
    as_json: bool


def play_drill(request: DrillRequest) -> int:
    """Play the drill and print its debrief. Returns the exit code."""
    argv = request.responder or ("/bin/sh", "-c", 'chaoskit operator brief; exec "$1"', "sh", request.shell)
    own = str(Path(sys.executable).parent)
    command = ExecRequest(
        argv=argv,
        experiment=request.scenario.experiment,
        source=request.scenario.experiment.source,
        replay=request.replay,
        shown=argv,
        no_aws=not request.scenario.experiment.spec.aws_services,
        added={"PATH": os.pathsep.join([own, os.environ.get("PATH", os.defpath)])},
        port_forwards=[],
        sockets=[],
        out=request.out,
        quiet=False,
        must_meet=False,
        reports=CiOptions(github=False).prepare(),
    )
    try:
        return play(command, lambda run, terminal: DrillSession(request, run, terminal))
    except HarnessError as error:
        say(f"{error}. Nobody was tested.")
        return OUR_FAILURE


class DrillSession(CommandSession):
    """One drill."""

    def __init__(self, drill: DrillRequest, request: ExecRequest, terminal: Terminal) -> None:
        super().__init__(request, terminal)
        self._drill = drill
        self._desk: Desk | None = None
        self._watching = False

    @property
    def stem(self) -> str:
        return f"drill-{self._drill.scenario.name}"

    def obeys(self, stage: Stage) -> Obey:
        self._desk = Desk(self._drill.scenario, stage, "program" if self._drill.responder else "person", self._publish)
        return self._desk.obey

    @contextlib.asynccontextmanager
    async def prepare(self, stage: Stage) -> AsyncIterator[UserProgram]:
        async with open_program(self.program(), stage) as self.command:
            assert self._desk is not None
            scenario = self._drill.scenario
            limit = scenario.experiment.duration_ns - scenario.drill.whole_watch_ns
            yield DrillProgram(self.command, self._desk, stage.clock, limit, self._tell_of_watch)

    def ends_us(self, number: int) -> bool:
        """While the drill watches, a signal ends it as it ends any run."""
        return self._watching or super().ends_us(number)

    def _publish(self, page: str) -> None:
        if self._drill.status_page:
            try:
                write_text(self._drill.status_page, page)
            except HarnessError as error:
                say(str(error))  # the update itself is in the journal

    def _tell_of_watch(self) -> None:
        self._watching = True
        say(f"watching for up to {format_duration(self._drill.scenario.drill.whole_watch_ns)} whether it lasts …")

    def conclude(self, result: RunResult) -> int:
        """Print the debrief and write it beside the journal. Raises ``HarnessError`` for a drill in which the harness failed."""
        self._watching = False
        failures = failures_of(result.run)
        if failures:
            raise HarnessError(failures[0])
        if self.command is not None and self.command.refused:
            raise HarnessError(f"{self.request.argv[0]} could not be started: {self.command.refused}")
        view = view_of(result.run.entries)
        score = score_of(view)
        files = [
            write_text(result.folder / "post-mortem.md", post_mortem(view, score)),
            write_text(result.folder / "score.json", json.dumps(score.plain(), indent=1) + "\n"),
        ]
        self._print(score, debrief_lines(view, score))
        for path in [*result.files, *files]:
            say(f"written {path}")
        if self._drill.team:
            add_score(self._drill.team, result.run.header, score)
        return score.exit_code

    def _print(self, score: DrillScore, lines: list[str]) -> None:
        typer.echo(json.dumps(score.plain()) if self._drill.as_json else folded("\n".join(lines)))
