"""``chaoskit run``: folders, signals, sandbox, runner, verdicts, reports, in that order."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaoskit.cli.clients import check_built
from chaoskit.cli.play import perform
from chaoskit.cli.shipped import find_experiment
from chaoskit.clock import WallClock
from chaoskit.errors import HarnessError, InputError, Interrupted
from chaoskit.experiment.loader import Experiment, load
from chaoskit.experiment.runner import RunSettings
from chaoskit.experiment.wiring import CANARY_LABEL
from chaoskit.journal.events import Entry
from chaoskit.sandbox.choose import CHOICES, AnySandbox, open_sandbox
from chaoskit.sandbox.docker_toxiproxy import image_of

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Options:
    """What the user said on the command line."""

    experiment: str
    out: Path
    sandbox: str
    time_scale: float
    seed: int | None
    toxiproxy: str | None
    plain: bool


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a run lives: ``work`` is temporary; ``partial`` takes the place of the empty ``final`` when the run is complete."""

    work: Path
    partial: Path
    final: Path
    out_is_new: bool

    @property
    def empty(self) -> list[Path]:
        """Folders that are ours to remove if nothing came of the run."""
        return [self.final, *([self.final.parent] if self.out_is_new else [])]

    def remove(self) -> None:
        """What the keeper does, where there is none."""
        for folder in (self.work, self.partial):
            shutil.rmtree(folder, ignore_errors=True)
        for folder in self.empty:
            with contextlib.suppress(OSError):  # another run has come to use it
                folder.rmdir()


def run_experiment(options: Options) -> int:
    """Run, judge, report. Returns the exit code; raises ``Interrupted`` after a clean-up."""
    if options.sandbox not in CHOICES:
        raise InputError(f"--sandbox {options.sandbox}: choose one of {', '.join(CHOICES)}")
    if options.toxiproxy:
        _check_toxiproxy(options.toxiproxy, options.sandbox)
    experiment = load(find_experiment(options.experiment), options.time_scale, options.seed)
    _check_stand_ins(experiment, options.sandbox)
    if experiment.process and options.sandbox == "compose":
        raise InputError(f"{experiment.source}: process faults need an engine to ask; use --sandbox docker")
    check_built(experiment, options.sandbox)
    return asyncio.run(_guarded(options, experiment))


def _check_stand_ins(experiment: Experiment, sandbox: str) -> None:
    outside = [f"{name} at {one.address}" for name, one in experiment.spec.services.items() if one.address]
    if outside and sandbox != "inline":
        raise InputError(
            f"{experiment.source}: {', '.join(outside)} is outside of the namespace sandbox, which has a loopback of its own and no way "
            "out; add --sandbox inline"
        )


def _check_toxiproxy(named: str, sandbox: str) -> None:
    if image_of(named):
        if sandbox not in ("inline", "docker"):
            raise InputError(f"--toxiproxy {named}: a container is for --sandbox docker or --sandbox inline")
    elif sandbox == "docker":
        raise InputError(f"--toxiproxy {named}: in the docker sandbox it is an image: --toxiproxy docker:IMAGE")
    elif "://" in named:
        if sandbox not in ("inline", "compose"):
            raise InputError(
                f"--toxiproxy {named}: a running Toxiproxy is outside of the namespace sandbox, which has no way out; "
                "name its program instead of a URL, or add --sandbox inline"
            )
    elif shutil.which(named) is None:
        raise InputError(
            f"--toxiproxy {named}: there is no such program; give its path, or a URL with --sandbox inline"
        )


async def _guarded(options: Options, experiment: Experiment) -> int:
    """Turn a signal into an orderly end."""
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(_run(options, experiment))
    received: list[int] = []

    def end(number: int) -> None:
        received.append(number)
        task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, end, number)
    try:
        return await task
    except asyncio.CancelledError:
        raise Interrupted(received[0] if received else signal.SIGINT) from None


async def _run(options: Options, experiment: Experiment) -> int:
    folders = _make_folders(options.out, Path(experiment.source).stem)
    labels = [*experiment.spec.clients, CANARY_LABEL]
    try:
        sandbox = await open_sandbox(
            options.sandbox,
            folders.work,
            labels,
            [folders.work, folders.partial],
            folders.empty,
            image_of(options.toxiproxy),
        )
    except BaseException:  # Ctrl-C too
        folders.remove()  # there is no keeper yet that would
        raise
    try:
        entries = await _play(options, experiment, folders, sandbox)
        code = _conclude(entries, folders, experiment)
    finally:
        await asyncio.shield(sandbox.close())
    return code


async def _play(options: Options, experiment: Experiment, folders: Folders, sandbox: AnySandbox) -> Sequence[Entry]:
    from rich.console import Console

    from chaoskit.console.live import make_view

    settings = RunSettings(
        run_id=folders.final.name,
        source=options.experiment,
        replay=_replay(options, experiment, sandbox.name),
        certificates=str(folders.work),
        toxiproxy=options.toxiproxy,
    )
    console = Console(force_terminal=False) if options.plain else Console()
    with make_view(console, WallClock()) as view:
        return await perform(experiment, settings, sandbox, folders.work, folders.partial / "journal.jsonl", view)


def _conclude(entries: Sequence[Entry], folders: Folders, experiment: Experiment) -> int:
    """Judge, write the reports, put the folder in its place, and tell."""
    from rich.console import Console

    from chaoskit.expect import judge
    from chaoskit.journal.run import Run
    from chaoskit.report.terminal import print_verdicts
    from chaoskit.report.write import write_reports
    from chaoskit.verdict import outcome_of

    run = Run(entries)
    verdicts = judge(run, experiment.expectations)
    outcome = outcome_of(verdicts)
    written = write_reports(folders.partial, entries, verdicts, outcome)
    try:
        folders.partial.rename(folders.final)
    except OSError as error:
        raise HarnessError(f"cannot put the results at {folders.final}: {error.strerror}") from error
    paths = [folders.final / "journal.jsonl", *(folders.final / path.name for path in written)]
    print_verdicts(Console(), run, verdicts, outcome, paths)
    return outcome.exit_code


def _reserve(out: Path, name: str) -> Path:
    """A folder of the run's own, empty until the end: two runs begun in one second must not meet."""
    for number in itertools.count(1):
        final = out / (name if number == 1 else f"{name}-{number}")
        with contextlib.suppress(FileExistsError):
            final.mkdir()
            return final
    raise AssertionError("there is always another number")


def _make_folders(out: Path, stem: str) -> Folders:
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{re.sub(r'[^A-Za-z0-9]+', '-', stem).strip('-').lower() or 'run'}"
    out = out.absolute()
    is_new = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        final = _reserve(out, name)
        partial = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=out))
        partial.chmod(0o755)
        work = Path(tempfile.mkdtemp(prefix="chaoskit-"))
    except OSError as error:
        raise InputError(f"cannot write to {out}: {error.strerror}; choose another folder with --out") from error
    return Folders(work, partial, final, is_new)


def _replay(options: Options, experiment: Experiment, sandbox: str) -> str:
    words = ["chaoskit", "run", options.experiment, "--sandbox", sandbox, "--seed", str(experiment.spec.seed)]
    if options.time_scale != 1.0:
        words += ["--time-scale", f"{options.time_scale:g}"]
    if options.toxiproxy:
        words += ["--toxiproxy", options.toxiproxy]
    return shlex.join(words)


if sys.platform == "win32":  # pragma: no cover
    raise InputError("chaoskit needs Linux or macOS; on Windows run it in WSL")
