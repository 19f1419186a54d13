"""``chaoskit lab``: measure SDKs, connections and faults run by run, and write the tables."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chaoskit.cli.options import RUNS, LocalSandbox
from chaoskit.engine import session
from chaoskit.engine.folders import exact_folders, new_folder
from chaoskit.engine.preflight import check_built
from chaoskit.errors import ChaoskitError, HarnessError, InputError, Interrupted, JournalError
from chaoskit.journal.events import ClientReady, Entry, TimelineArmed
from chaoskit.lab.available import split
from chaoskit.lab.cells import Cell, chosen, full_cells, quick_cells
from chaoskit.lab.markdown import markdown
from chaoskit.lab.measure import samples_of
from chaoskit.lab.page import page
from chaoskit.lab.plan import Batch, batches
from chaoskit.lab.result import Result, read_results
from chaoskit.lab.sample import Missing, Sample
from chaoskit.lab.terminal import UNKNOWN_WIDTH, print_result
from chaoskit.sandbox.choose import CHOICES
from chaoskit.search.guard import run_guarded
from chaoskit.units import SECOND, format_duration

if TYPE_CHECKING:
    from rich.console import Console

START_UP_NS = 8 * SECOND
"""What the start of a run takes, about; only for the forecast."""

TITLE = "SDK lab"


def lab(
    quick: Annotated[
        bool, typer.Option("--quick", help="Measure boto3 as installed against every fault: two to three minutes.")
    ] = False,
    sdk: Annotated[list[str], typer.Option(help="Measure only this client program; may be repeated.")] = [],  # noqa: B006
    fault: Annotated[list[str], typer.Option(help="Measure only this fault of the matrix; may be repeated.")] = [],  # noqa: B006
    connection: Annotated[
        list[str], typer.Option(help="Measure only this kind of connection: cold, warm or burst; may be repeated.")
    ] = [],  # noqa: B006
    repeats: Annotated[
        int | None, typer.Option(help="Number of processes for each cell; default: 2 with --quick, else 3.")
    ] = None,
    stored: Annotated[
        list[Path], typer.Option("--from", help="Measure nothing; draw these journals, or this folder of them, again.")
    ] = [],  # noqa: B006
    out: Annotated[Path, typer.Option(help="Parent folder of the new folder that this lab writes to.")] = RUNS,
    sandbox: LocalSandbox = "auto",
) -> None:
    """Measure what each SDK does when its endpoint's name goes away.

    Writes attempts, back-offs, errors and recovery as one table. Exit code: 0 done, 2 bad input, 4 if a run was invalid.
    """
    from chaoskit.cli.output import make_console

    console = make_console(width=None if sys.stdout.isatty() else UNKNOWN_WIDTH)
    if stored:
        if quick or sdk or fault or connection or repeats is not None:
            raise InputError("--from draws what is stored; leave out what would choose something to measure")
        result = read_results(stored)
        _conclude(console, result, new_folder(out, "lab"))
        return
    if sandbox not in CHOICES:
        raise InputError(f"--sandbox {sandbox}: choose one of {', '.join(CHOICES)}")
    repeats = repeats if repeats is not None else (2 if quick else 3)
    if repeats < 1:
        raise InputError(f"--repeats {repeats}: at least 1")
    cells, missing = split(chosen(quick_cells() if quick else full_cells(), sdk, fault, connection))
    if not cells:
        raise InputError("no cell can be measured here: " + "; ".join(f"{gap.what}: {gap.why}" for gap in missing))
    for batch in batches(cells):
        check_built(batch.experiment, sandbox)
    raise typer.Exit(_measure(console, cells, missing, repeats, out, sandbox))


def _measure(
    console: Console, cells: Sequence[Cell], missing: Sequence[Missing], repeats: int, out: Path, sandbox: str
) -> int:
    """Measure the cells, write the files and print. Returns the exit code: 4 when a run was invalid."""
    ours = [place for place in (out, *out.parents) if not place.exists()]
    folder = new_folder(out, "lab")
    lab = _Lab(console, folder, sandbox)
    try:
        run_guarded(lab.measure(cells, repeats), folder)
    except ChaoskitError as error:
        complete = lab.kept()
        if isinstance(error, Interrupted):
            drawn = f"; {complete} complete runs are kept, and drawn by: chaoskit lab --from {folder}"
            error.args = (f"interrupted{drawn if complete else ''}",)
        if not complete:
            with suppress(OSError):  # another lab is at home there too
                for place in (folder, *ours):
                    place.rmdir()
        raise
    result = Result(tuple(lab.samples), (*missing, *lab.missing))
    if not result.samples:
        raise HarnessError(f"nothing was measured: {lab.missing[0].why}; the journals are in {folder}")
    _conclude(console, result, folder)
    return ChaoskitError.exit_code if lab.invalid else 0


class _Lab:
    """The runs of one lab. An invalid run is reported, its cells are missing, and the others go on."""

    def __init__(self, console: Console, folder: Path, sandbox: str) -> None:
        self._console, self._folder, self._sandbox = console, folder, sandbox
        self.samples: list[Sample] = []
        self.missing: list[Missing] = []
        self.invalid = 0

    async def measure(self, cells: Sequence[Cell], repeats: int) -> None:
        """Play every batch ``repeats`` times, each time with new processes."""
        planned = batches(cells)
        total = repeats * sum(batch.experiment.duration_ns + START_UP_NS for batch in planned)
        runs = repeats * len(planned)
        self._say(
            f"{len(cells)} cells × {repeats} repeats in {runs} runs, about {format_duration(total)}; results in {self._folder}"
        )
        number = 0
        for repeat in range(1, repeats + 1):
            for batch in planned:
                number += 1
                length = format_duration(batch.experiment.duration_ns)
                what = f"run {number} of {runs}: {len(batch.cells)} clients, repeat {repeat}, {length}"
                await self._run(batch, self._folder / f"run-{number:03}", what)

    async def _run(self, batch: Batch, folder: Path, what: str) -> None:
        with _Progress(self._console, what, len(batch.cells), batch.experiment.duration_ns) as progress:
            result = await session.run(
                batch.experiment,
                folders=exact_folders(folder),
                sandbox=self._sandbox,
                replay=lambda _: "chaoskit lab",
                source="chaoskit lab",
                listener=progress.hear,
            )
        try:
            samples, missing = samples_of(result.run.entries)
        except JournalError as error:
            self.invalid += 1
            samples, missing = (), tuple(Missing(cell.describe(), str(error)) for cell in batch.cells)
            self._say(f"invalid: {error}")
        self.samples += samples
        self.missing += missing

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False)

    def kept(self) -> int:
        """Count the complete runs."""
        return len(list(self._folder.glob("run-*")))


class _Progress:
    """Show progress: a bar in a terminal, one line for each run elsewhere."""

    def __init__(self, console: Console, what: str, clients: int, duration_ns: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._console, self._what, self._clients, self._duration_ns = console, what, clients, duration_ns
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=console, transient=True
        )
        self._task = self._bar.add_task(f"{what}: starting", total=duration_ns)
        self._ready = 0
        self._origin: int | None = None

    def __enter__(self) -> _Progress:
        if self._console.is_terminal:
            self._bar.start()
        else:
            self._console.print(self._what, highlight=False, markup=False)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def hear(self, entry: Entry) -> None:
        """Advance the bar with an event of the run."""
        event = entry.event
        if isinstance(event, ClientReady):
            self._ready += 1
            self._bar.update(
                self._task,
                description=f"{self._what}: {min(self._ready, self._clients)} of {self._clients} clients ready",
            )
        elif isinstance(event, TimelineArmed):
            self._origin = event.origin
            self._bar.update(self._task, description=self._what)
        elif self._origin is not None:
            self._bar.update(self._task, completed=min(event.at - self._origin, self._duration_ns))


def _conclude(console: Console, result: Result, folder: Path) -> None:
    title = f"{TITLE}, {time.strftime('%Y-%m-%d')}"
    files = {
        "lab.json": result.text(),
        "lab.md": f"# {title}\n\n{markdown(result)}",
        "lab.html": page(result, title),
    }
    for name, text in files.items():
        try:
            (folder / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise HarnessError(f"cannot write {folder / name}: {error.strerror}") from error
    print_result(console, result)
    typer.echo("\n" + "\n".join(str(folder / name) for name in files))
