"""The run of ``chaoskit exec``: terminal, signals, sandbox, runner, summary, in that order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from chaoskit.cli.ci import CiReports, command_verdict
from chaoskit.engine import session
from chaoskit.engine.folders import make_folders, seen_from_host
from chaoskit.engine.ports import UserProgram
from chaoskit.engine.steering import Obey, Steering
from chaoskit.engine.user_command import LABEL, UserCommand
from chaoskit.engine.user_program import ProgramRequest, open_program
from chaoskit.errors import HarnessError
from chaoskit.experiment.loader import Experiment
from chaoskit.experiment.plans import planes_of
from chaoskit.fold import folded
from chaoskit.interruption import until_signalled
from chaoskit.journal.command import command_end
from chaoskit.journal.events import CommandFinished, CommandStarted, InjectionPlanned
from chaoskit.journal.failures import failures_of
from chaoskit.journal.run import Run
from chaoskit.sandbox.port_forwards import PortForward
from chaoskit.verdict import EXERCISED, GUARDS, Outcome

PASSED_ON = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
TYPED = (signal.SIGINT, signal.SIGQUIT)
"""Signals that the terminal itself sends to the command too, when a key asks for them (termios(3))."""


class CommandNotReady(HarnessError):
    """The command was not ready, so the timeline did not begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecRequest:
    """The validated input of one ``chaoskit exec``."""

    argv: tuple[str, ...]
    experiment: Experiment
    source: str
    replay: str
    shown: tuple[str, ...]
    no_aws: bool
    added: dict[str, str]
    port_forwards: list[PortForward]
    sockets: list[str]
    out: Path
    quiet: bool
    must_meet: bool
    reports: CiReports
    after: str | None = None


def say(line: str) -> None:
    """Print a line of chaoskit's own to standard error."""
    if sys.stderr is not None:  # closed by the caller; print would take standard output, which is the command's
        with contextlib.suppress(OSError):  # the terminal is gone, or the disk behind it is full
            print(folded(f"chaoskit: {line}", sys.stderr), file=sys.stderr, flush=True)  # noqa: T201


def tell_what_is_kept(journal: Path) -> None:
    """Say where the journal of a run is that did not come to its end."""
    say(f"what was measured is in {seen_from_host(journal, os.environ)}; no check passes it unless it is complete")


def play(request: ExecRequest, session_of: Callable[[ExecRequest, Terminal], CommandSession] | None = None) -> int:
    """Run the command. Returns its exit code; raises ``HarnessError``, or ``Interrupted`` where it had not begun."""
    terminal = Terminal()
    try:
        return asyncio.run((session_of or CommandSession)(request, terminal).guarded())
    finally:
        terminal.restore()


class Terminal:
    """The caller's terminal, if any: who is in its foreground, and its return to the caller when the command has ended."""

    def __init__(self) -> None:
        self._mine = False
        try:
            self._terminal: int | None = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC | os.O_NOCTTY)
            self._mine = self.in_front
        except OSError:
            self._terminal = None

    @property
    def in_front(self) -> bool:
        """Whether our process group is the one that keys send signals to."""
        try:
            return self._terminal is not None and os.tcgetpgrp(self._terminal) == os.getpgrp()
        except OSError:
            return False

    def restore(self) -> None:
        """Take the terminal back from a process group that the command, such as a shell, made and left."""
        if self._terminal is None:
            return
        if self._mine and not self.in_front:
            before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            try:
                os.tcsetpgrp(self._terminal, os.getpgrp())
            except OSError:
                pass  # it is gone
            finally:
                signal.signal(signal.SIGTTOU, before)
        os.close(self._terminal)
        self._terminal = None


class CommandSession:
    """One run of one command."""

    def __init__(self, request: ExecRequest, terminal: Terminal) -> None:
        self.request = request
        self._terminal = terminal
        self._ignored = tuple(number for number in PASSED_ON if signal.getsignal(number) is signal.SIG_IGN)
        self.command: UserCommand | None = None

    @property
    def stem(self) -> str:
        """What the run's folder is called, after its time."""
        return f"exec-{Path(self.request.argv[0]).name}"

    async def guarded(self) -> int:
        """Pass signals on to the command; before it runs they end us, and after it they have nothing to end."""
        return await until_signalled(self._run(), PASSED_ON, self.ends_us)

    def ends_us(self, number: int) -> bool:
        """Whether a signal ends the run; one that does not is passed on to the command, or has nothing left to end."""
        command = self.command
        if command is not None and command.running:
            if number not in TYPED or not self._terminal.in_front:
                command.deliver(number)
            return False
        return number not in self._ignored and (command is None or command.exit_code is None)

    async def _run(self) -> int:
        request = self.request
        if not request.quiet:
            services = "" if request.no_aws else f" and mock AWS ({request.experiment.spec.region})"
            say(f"preparing DNS{services} …")
        result = await session.run(
            request.experiment,
            folders=make_folders(request.out, self.stem),
            sandbox="namespace",
            source=request.source,
            replay=lambda _: request.replay,
            on_interrupted=None if request.quiet else tell_what_is_kept,
            program=(LABEL, self.prepare),
        )
        return self.conclude(result)

    @contextlib.asynccontextmanager
    async def prepare(self, stage: session.Stage) -> AsyncIterator[UserProgram]:
        """Make the command ready, and put away what it needed."""
        async with open_program(self.program(), stage) as self.command:
            yield self.command

    def obeys(self, stage: session.Stage) -> Obey:
        """What obeys the command's requests to its run."""
        return Steering(self.request.experiment, stage).obey

    def program(self) -> ProgramRequest:
        """What is put into the sandbox."""
        request = self.request
        own_tls = any(service.tls for service in request.experiment.spec.own_services.values())
        return ProgramRequest(
            argv=request.argv,
            shown=request.shown,
            region=request.experiment.spec.region,
            no_aws=request.no_aws and not own_tls,
            added=request.added,
            port_forwards=request.port_forwards,
            sockets=request.sockets,
            ignored=self._ignored,
            obeys=self.obeys,
            ready=request.after,
            planes=tuple(plane.key for plane in planes_of(request.experiment.spec)),
        )

    def conclude(self, result: session.RunResult) -> int:
        """Print the summary. Raises ``HarnessError`` for a run in which the harness failed."""
        command = self.command
        if command is not None and command.unready:
            raise CommandNotReady(command.unready)
        failures = failures_of(result.run)
        if failures or command is None or command.exit_code is None:
            raise HarnessError(failures[0] if failures else "the command's end was not seen")
        if command.refused:
            say(f"{self.request.argv[0]}: {command.refused}")
        if not self.request.quiet:
            _tell(result.run, command.exit_code, after=self.request.after)
            for verdict in result.verdicts:
                if verdict.kind not in (*GUARDS, *EXERCISED) and verdict.finding != "held":
                    say(f"  {verdict.finding:<12} {verdict.expectation}: {verdict.because}")
            for path in result.files:
                say(f"  {'written':<12} {path}")
        planned = bool(result.run.injections)  # without a fault, that none was met is no finding
        verdicts = [verdict for verdict in result.verdicts if planned or verdict.kind != "fault_exercised"]
        self.request.reports.conclude(replace(result, verdicts=verdicts), [command_verdict(command_end(result.run))])
        unmet = [planned.injection for planned in result.run.injections if not _met(result.run, planned)]
        if unmet:
            say(f"{', '.join(unmet)} met nothing, so {'it' if len(unmet) == 1 else 'they'} tested nothing")
        return Outcome.NOT_EXERCISED.exit_code if unmet and self.request.must_meet else command.exit_code


def _met(run: Run, planned: InjectionPlanned) -> bool:
    return planned.optional or bool(run.met(planned.injection))


def _tell(run: Run, code: int, after: str | None) -> None:
    from chaoskit.report.exec_summary import exec_summary
    from chaoskit.units import format_duration

    (_, begun), (_, ended) = run.of(CommandStarted)[0], run.of(CommandFinished)[0]
    ready = run.origin - begun.at if after else None
    since = f"; 0 s below is {format_duration(ready)} after its start, when it was ready" if ready is not None else ""
    say(f"the command ended with code {code} after {format_duration(ended.at - begun.at)}{since}")
    for line in exec_summary(run, LABEL):
        say(f"  {line.what:<12} {line.words}")
