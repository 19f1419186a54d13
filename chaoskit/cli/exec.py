"""``chaoskit exec``: one unmodified command in the sandbox, with the terminal, streams, folder, uid and exit code that it has anyway.

Exit codes are the command's own, 128 + n when signal n ended it. What is not the command's follows env(1), timeout(1) and ``docker run``,
because whoever wraps commands knows these: 125 for a failure of ours, 126 for a command that cannot be executed, 127 for one that does not
exist. Bad input is 2, as everywhere in chaoskit; nothing has been started then. In each of these cases a line that begins
with ``chaoskit:`` says so on standard error. Nothing of ours is ever on standard output.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from chaoskit.cli.run import Folders, _check_stand_ins, _make_folders
from chaoskit.cli.shipped import find_experiment
from chaoskit.clock import WallClock
from chaoskit.errors import HarnessError, InputError, Interrupted
from chaoskit.experiment.command import LABEL, NOT_EXECUTABLE, NOT_FOUND, Command, CommandCast, Entrance
from chaoskit.experiment.document import Document
from chaoskit.experiment.loader import Experiment, read, resolve
from chaoskit.experiment.runner import Runner, RunSettings
from chaoskit.experiment.schema import Service
from chaoskit.experiment.wiring import CANARY_LABEL
from chaoskit.journal.events import Entry, HarnessFailed
from chaoskit.journal.store import Journal
from chaoskit.sandbox.environment import client_environment, command_environment, plane_environment
from chaoskit.sandbox.namespace import NamespaceSandbox
from chaoskit.sandbox.trust import publish_trust
from chaoskit.units import parse_duration

OUR_FAILURE = 125
PASSED_ON = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
TYPED = (signal.SIGINT, signal.SIGQUIT)
"""Signals that the terminal itself sends to the command too, when a key asks for them (termios(3))."""

WHOLE_TIME = "240h"
"""How long a run may last that ends with its command: ten days stand for ever."""

LAUNCHER = Path(sys.modules[NamespaceSandbox.__module__].__file__ or "").with_name("launcher.py")
_BLANK = re.compile(r"(?P<name>[^@\s]+)(?:@(?P<start>[^+]*)(?:\+(?P<length>.+))?)?")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


@dataclass(frozen=True, slots=True)
class Options:
    """What the user said on the command line."""

    argv: tuple[str, ...]
    blanks: tuple[str, ...]
    experiment: str | None
    no_aws: bool
    sandbox: str
    environment: tuple[str, ...]
    out: Path
    quiet: bool


def run_command(options: Options) -> int:
    """Run the command and tell what was seen of it. Returns the exit code; raises ``InputError`` before anything is started."""
    if options.sandbox not in ("auto", "namespace"):
        raise InputError(
            f"--sandbox {options.sandbox}: an unmodified command needs the namespace sandbox; leave it out"
        )
    added = _environment(options.environment)
    experiment = plan(options, os.environ)
    _check_stand_ins(experiment, "namespace")
    if refused := _cannot_run(options.argv[0], added.get("PATH")):
        say(f"{options.argv[0]}: {refused[1]}")
        return refused[0]
    terminal = Terminal()
    try:
        return asyncio.run(_guarded(options, experiment, added, terminal))
    except HarnessError as error:
        say(f"{error}. The command was not tested; this is no fault of its own.")
        return OUR_FAILURE
    finally:
        terminal.restore()


def say(line: str) -> None:
    """A line of ours, on standard error."""
    print(f"chaoskit: {line}", file=sys.stderr, flush=True)  # noqa: T201


def _environment(written: Sequence[str]) -> dict[str, str]:
    for one in written:
        if not re.match(r"[^=]+=", one):
            raise InputError(f"--env {one}: write NAME=VALUE")
    return dict(one.split("=", 1) for one in written)


def _cannot_run(program: str, path: str | None) -> tuple[int, str] | None:
    """The exit code and the reason, for a program that is not there or may not be executed."""
    if shutil.which(program, path=path):
        return None
    if os.sep in program and Path(program).exists():
        return NOT_EXECUTABLE, "is a folder" if Path(program).is_dir() else "permission denied"
    return NOT_FOUND, "no such file" if os.sep in program else "command not found"


def plan(options: Options, inherited: Any) -> Experiment:
    """The experiment that the command plays in: the file's, without its clients and expectations, or an empty one."""
    document = read(find_experiment(options.experiment)) if options.experiment else _empty(options, inherited)
    data = document.data
    if isinstance(data, dict):
        data.pop("expect", None)
        data.update(
            {"clients": {}, "duration": WHOLE_TIME, "services": _services(data.get("services"), options.no_aws)}
        )
        _add_blanks(data, options.blanks)
    return resolve(document, time_scale=1.0)


def _empty(options: Options, inherited: Any) -> Document:
    regions = [inherited[name] for name in ("AWS_REGION", "AWS_DEFAULT_REGION") if name in inherited]
    region = next((region for region in regions if _REGION.fullmatch(region)), "us-east-1")
    return Document("chaoskit exec", {"title": f"exec {shlex.join(options.argv)}"[:200], "region": region}, {})


def _services(written: Any, no_aws: bool) -> Any:
    """All services, those that the file describes as it does; what is wrong in the file is left for its validation."""
    if no_aws:
        return {}
    if isinstance(written, list):
        written = {name: {} for name in written}
    return (
        {**{name: {} for name in get_args(Service)}, **written}
        if isinstance(written, dict)
        else (written or {name: {} for name in get_args(Service)})
    )


def _add_blanks(data: dict[str, Any], blanks: Sequence[str]) -> None:
    if not blanks:
        return
    if isinstance(data.setdefault("timeline", []), list):
        data["timeline"] = [*data["timeline"], *(blank(written, number) for number, written in enumerate(blanks, 1))]
    limits = data.setdefault("limits", {})
    if isinstance(limits, dict):
        limits["longest_fault"] = WHOLE_TIME  # whoever types --blank means it; and it ends with the command


def blank(written: str, number: int) -> dict[str, Any]:
    """The injection that ``NAME``, ``NAME@FROM`` or ``NAME@FROM+FOR`` means. Raises ``InputError``."""
    found = _BLANK.fullmatch(written)
    if found is None:
        raise InputError(f"--blank {written}: write NAME, NAME@FROM or NAME@FROM+FOR, like example.com@5s+30s")
    start, length = found["start"] or "0", found["length"] or WHOLE_TIME
    for part in (start, length):
        try:
            parse_duration(part)
        except ValueError as error:
            raise InputError(f"--blank {written}: {error}") from error
    return {"id": f"blank-{number}", "dns": "empty", "where": found["name"], "when": {"from": start, "for": length}}


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


async def _guarded(options: Options, experiment: Experiment, added: dict[str, str], terminal: Terminal) -> int:
    """Pass signals on to the command; before it runs they end us, and after it they have nothing to end."""
    loop = asyncio.get_running_loop()
    casts: list[CommandCast] = []
    received: list[int] = []
    task = asyncio.ensure_future(_run(options, experiment, added, casts))

    def pass_on(number: int) -> None:
        cast = casts[0] if casts else None
        if cast is not None and cast.running:
            if number not in TYPED or not terminal.in_front:
                cast.deliver(number)
        elif cast is None or cast.exit_code is None:
            received.append(number)
            task.cancel()

    for number in PASSED_ON:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup(1): the command shall ignore it too
            loop.add_signal_handler(number, pass_on, number)
    try:
        return await task
    except asyncio.CancelledError:
        raise Interrupted(received[0] if received else signal.SIGINT) from None


async def _run(options: Options, experiment: Experiment, added: dict[str, str], casts: list[CommandCast]) -> int:
    folders = _make_folders(options.out, f"exec-{Path(options.argv[0]).name}")
    sandbox = NamespaceSandbox(folders.work, [folders.work, folders.partial], folders.empty)
    try:
        await sandbox.open([LABEL, CANARY_LABEL])
    except BaseException:  # Ctrl-C too
        folders.remove()  # there is no keeper yet that would
        raise
    try:
        entries, cast = await _play(options, experiment, folders, sandbox, added, casts)
        return _conclude(options, entries, cast, folders)
    finally:
        await asyncio.shield(sandbox.close())


async def _play(
    options: Options,
    experiment: Experiment,
    folders: Folders,
    sandbox: NamespaceSandbox,
    added: dict[str, str],
    casts: list[CommandCast],
) -> tuple[Sequence[Entry], CommandCast]:
    clock, work, region = WallClock(), folders.work, experiment.spec.region
    authority = None if options.no_aws else work / "ca.pem"

    def entrance() -> Entrance:
        way = sandbox.way_in(LABEL)
        trust = publish_trust(authority) if authority else ()
        return Entrance(way.target, way.user, (*way.binds, *trust))

    command = Command(
        argv=options.argv,
        environment=command_environment(work, region, authority, added),
        launcher=LAUNCHER,
        entrance=entrance,
        after="aws" if authority else None,
    )
    settings = RunSettings(
        run_id=folders.final.name,
        source=options.experiment or "chaoskit exec",
        replay=_replay(options),
        certificates=str(work),
    )
    with Journal(folders.partial / "journal.jsonl") as journal:
        environments = plane_environment(work), client_environment(work, work / "ca.pem", region)
        cast = CommandCast(journal, clock, sandbox, *environments, command)
        casts.append(cast)
        await Runner(experiment, settings, sandbox, cast, journal, command=LABEL).run(clock)
    return journal.entries, cast


def _conclude(options: Options, entries: Sequence[Entry], cast: CommandCast, folders: Folders) -> int:
    """Put the journal in its place and tell what is in it. Raises ``HarnessError`` for a run that broke."""
    from chaoskit.journal.run import Run

    run = Run(entries)
    failures = [event.message for _, event in run.of(HarnessFailed)]
    if failures or cast.exit_code is None:
        raise HarnessError(failures[0] if failures else "the command's end was not seen")
    folders.partial.rename(folders.final)
    if cast.refused:
        say(f"{options.argv[0]}: {cast.refused}")
    if not options.quiet:
        _tell(run, cast.exit_code, folders.final / "journal.jsonl")
    return cast.exit_code


def _tell(run: Any, code: int, journal: Path) -> None:
    from chaoskit.journal.events import CallFinished, CallStarted
    from chaoskit.report.witnessed import witnessed
    from chaoskit.units import format_duration

    (_, begun), (_, ended) = run.of(CallStarted)[0], run.of(CallFinished)[0]
    say(f"the command ended with code {code} after {format_duration(ended.at - begun.at)}")
    for line in witnessed(run, LABEL):
        say(f"  {line.what:<12} {line.words}")
    say(f"  {'journal':<12} {journal}")


def _replay(options: Options) -> str:
    words = ["chaoskit", "exec"]
    for name, values in (("--blank", options.blanks), ("--env", options.environment)):
        for value in values:
            words += [name, value]
    if options.experiment:
        words += ["--experiment", options.experiment]
    return shlex.join([*words, *(["--no-aws"] if options.no_aws else []), "--", *options.argv])
