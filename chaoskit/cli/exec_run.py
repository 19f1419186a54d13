"""The run of ``chaoskit exec``: terminal, signals, sandbox, runner, summary, in that order."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaoskit.clock import WallClock
from chaoskit.engine.folders import Folders, make_folders
from chaoskit.engine.runner import Runner, RunSettings
from chaoskit.engine.user_command import LABEL, Command, CommandProcessManager, Entrance
from chaoskit.errors import HarnessError
from chaoskit.experiment.loader import Experiment
from chaoskit.experiment.plans import CANARY_LABEL
from chaoskit.interruption import until_signalled
from chaoskit.journal.events import CommandFinished, CommandStarted, Entry, HarnessFailed
from chaoskit.journal.run import Run
from chaoskit.journal.store import Journal
from chaoskit.sandbox.environment import client_environment, command_environment, plane_environment
from chaoskit.sandbox.namespace import NamespaceSandbox
from chaoskit.sandbox.port_forwards import PortForward, PortForwards
from chaoskit.sandbox.trust import publish_trust

PASSED_ON = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
TYPED = (signal.SIGINT, signal.SIGQUIT)
"""Signals that the terminal itself sends to the command too, when a key asks for them (termios(3))."""

LAUNCHER = Path(sys.modules[NamespaceSandbox.__module__].__file__ or "").with_name("launcher.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecRequest:
    """What a run is told: the user's words, understood and found good."""

    argv: tuple[str, ...]
    experiment: Experiment
    source: str
    replay: str
    no_aws: bool
    added: dict[str, str]
    holes: list[PortForward]
    out: Path
    quiet: bool


def say(line: str) -> None:
    """A line of ours, on standard error."""
    if sys.stderr is not None:  # closed by the caller; print would take standard output, which is the command's
        print(f"chaoskit: {line}", file=sys.stderr, flush=True)  # noqa: T201


def play(told: ExecRequest) -> int:
    """Run the command. Returns its exit code; raises ``HarnessError``, or ``Interrupted`` where it had not begun."""
    terminal = Terminal()
    try:
        return asyncio.run(_Session(told, terminal).guarded())
    finally:
        terminal.restore()


class Terminal:
    """The caller's terminal, if there is one: who has it, and that the caller has it back when the command is gone."""

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
        """Take it back from a group that the command, a shell perhaps, made and left."""
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


class _Session:
    def __init__(self, told: ExecRequest, terminal: Terminal) -> None:
        self._told = told
        self._terminal = terminal
        self._ignored = tuple(number for number in PASSED_ON if signal.getsignal(number) is signal.SIG_IGN)
        self._cast: CommandProcessManager | None = None

    async def guarded(self) -> int:
        """Pass signals on to the command; before it runs they end us, and after it they have nothing to end."""
        return await until_signalled(self._run(), PASSED_ON, self._ends_us)

    def _ends_us(self, number: int) -> bool:
        cast = self._cast
        if cast is not None and cast.running:
            if number not in TYPED or not self._terminal.in_front:
                cast.deliver(number)
            return False
        return number not in self._ignored and (cast is None or cast.exit_code is None)

    async def _run(self) -> int:
        told = self._told
        if not told.quiet:
            say(f"preparing DNS{'' if told.no_aws else f' and mock AWS ({told.experiment.spec.region})'} …")
        folders = make_folders(told.out, f"exec-{Path(told.argv[0]).name}")
        sandbox = NamespaceSandbox(folders.work, [folders.work, folders.partial], folders.empty)
        holes = PortForwards()
        try:
            await sandbox.open([LABEL, CANARY_LABEL])
        except BaseException:  # Ctrl-C too
            folders.remove()  # there is no keeper yet that would
            raise
        try:
            await holes.open(told.holes, sandbox.command, folders.work, ipv6=sandbox.ipv6)
            entries = await self._play(folders, sandbox, holes)
            return self._conclude(entries, folders)
        finally:
            await asyncio.shield(_close(holes, sandbox))

    async def _play(self, folders: Folders, sandbox: NamespaceSandbox, holes: PortForwards) -> Sequence[Entry]:
        told, clock, region = self._told, WallClock(), self._told.experiment.spec.region
        environments = (
            plane_environment(folders.work),
            client_environment(folders.work, folders.work / "ca.pem", region),
        )
        settings = RunSettings(
            run_id=folders.final.name, source=told.source, replay=told.replay, certificates=str(folders.work)
        )
        with Journal(folders.partial / "journal.jsonl") as journal:
            command = self._command(folders.work, sandbox)
            self._cast = CommandProcessManager(journal, clock, sandbox, *environments, command)
            holes.watch(self._cast.spoil)
            await Runner(told.experiment, settings, sandbox, self._cast, journal, command=LABEL).run(clock)
        return journal.entries

    def _command(self, work: Path, sandbox: NamespaceSandbox) -> Command:
        authority = None if self._told.no_aws else work / "ca.pem"

        def entrance() -> Entrance:
            way = sandbox.way_in(LABEL)
            return Entrance(way.target, way.user, (*way.binds, *(publish_trust(authority) if authority else ())))

        return Command(
            argv=self._told.argv,
            environment=command_environment(work, self._told.experiment.spec.region, authority, self._told.added),
            launcher=LAUNCHER,
            entrance=entrance,
            ignored=self._ignored,
            after="aws" if authority else None,
        )

    def _conclude(self, entries: Sequence[Entry], folders: Folders) -> int:
        """Put journal and reports in their place and tell what is in them. Raises ``HarnessError`` for a run that broke."""
        from chaoskit.expect import judge
        from chaoskit.report.write import write_reports
        from chaoskit.verdict import outcome_of

        run, cast = Run(entries), self._cast
        failures = [event.message for _, event in run.of(HarnessFailed)]
        if failures or cast is None or cast.exit_code is None:
            raise HarnessError(failures[0] if failures else "the command's end was not seen")
        verdicts = judge(run, ())
        written = write_reports(folders.partial, entries, verdicts, outcome_of(verdicts))
        folders.publish()
        if cast.refused:
            say(f"{self._told.argv[0]}: {cast.refused}")
        if not self._told.quiet:
            _tell(run, cast.exit_code)
            for path in (folders.final / "journal.jsonl", *(folders.final / path.name for path in written)):
                say(f"  {'written':<12} {path}")
        return cast.exit_code


async def _close(holes: PortForwards, sandbox: NamespaceSandbox) -> None:
    await holes.close()
    await sandbox.close()


def _tell(run: Run, code: int) -> None:
    from chaoskit.report.exec_summary import exec_summary
    from chaoskit.units import format_duration

    (_, begun), (_, ended) = run.of(CommandStarted)[0], run.of(CommandFinished)[0]
    say(f"the command ended with code {code} after {format_duration(ended.at - begun.at)}")
    for line in exec_summary(run, LABEL):
        say(f"  {line.what:<12} {line.words}")
