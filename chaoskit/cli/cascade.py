"""``chaoskit cascade``: the day of 20 October 2025, maps of tipping points, and published results beside ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.cli.lazy import new_app
from chaoskit.cli.options import RUNS, LocalSandbox, RunsFolder
from chaoskit.cli.options import Seed as RunSeed

cascade_app = new_app("Simulate what follows an outage: a replayed day, tipping points, published results.")

LIVE = "cascade/leases-and-apps"
DAY = "outage/us-east-1-2025-10-20.yaml"
Page = Annotated[Path | None, typer.Option(help="Write the account as one self-contained HTML file too.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random; equal seeds give equal output.", min=0)]


@cascade_app.command()
def day(
    file: Annotated[
        str | None, typer.Argument(metavar="[DAY]", help="A file of kind cascade-day; by default 20 October 2025.")
    ] = None,
    hosts: Annotated[int, typer.Option(help="Hosts of the fleet that is played.", min=100, max=10_000_000)] = 20_000,
    plays: Annotated[int, typer.Option(help="Plays of the fleet, a seed each.", min=1, max=100)] = 2,
    draws: Annotated[int, typer.Option(help="Draws from the priors.", min=1_000, max=2_000_000)] = 200_000,
    seed: Seed = 1,
    page: Page = None,
) -> None:
    """Replay the day beside its published timeline, and what would have changed it. Ends with 0, or 1 if a sign does not hold."""
    from chaoskit.cascade.day.account import account_of
    from chaoskit.cascade.day.plan import read_day
    from chaoskit.cascade.day.words import lines
    from chaoskit.errors import InputError
    from chaoskit.experiment.loader import read

    _check_page(page)
    planned = read_day(read(_find(file or DAY)))
    try:
        account = account_of(planned, hosts=hosts, seed=seed, plays=plays, draws=draws)
    except ValueError as error:
        raise InputError(f"{file or DAY}: {error}") from error
    if page:
        from chaoskit.cascade.day.page import page_of

        _write(page, page_of(account))
    _print(lines(account))
    raise typer.Exit(0 if account.holds else 1)


@cascade_app.command("map")
def map_(
    file: Annotated[
        str, typer.Argument(metavar="SYSTEM", help="A file of kind cascade-system, or the name of a shipped one.")
    ],
    size: Annotated[int, typer.Option(help="Outage lengths and loads: so many of each.", min=4, max=1000)] = 100,
    load: Annotated[
        float | None, typer.Option(help="Ask the witnesses about this load a second instead of the file's.", min=0.001)
    ] = None,
    outage: Annotated[str | None, typer.Option(help="And about an outage of this length, like 10s.")] = None,
    real: Annotated[
        bool,
        typer.Option("--real", help="Play that cell with real processes too, at its real pace, as one more witness."),
    ] = False,
    out: RunsFolder = RUNS,
    sandbox: LocalSandbox = "auto",
    dask: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:PORT", help="Compute the map's cells on the workers of this Dask cluster."),
    ] = None,
    seed: Seed = 1,
    page: Page = None,
) -> None:
    """Map outage length and load: recovers, recovers late, never; the tipping line, what sustains the collapse, what ends it."""
    from chaoskit.cascade.map.atlas import draw_atlas, lines
    from chaoskit.cascade.map.grid import CellsOf, cells_here
    from chaoskit.cascade.map.witnesses import cell_of
    from chaoskit.cascade.system.spec import read_system
    from chaoskit.errors import InputError
    from chaoskit.experiment.loader import read
    from chaoskit.units import SECOND, field_duration

    _check_page(page)
    system = read_system(read(_find(file)))
    try:
        outage_s = field_duration(outage) / SECOND if outage is not None else None
    except ValueError as error:
        raise InputError(f"--outage: {error}") from error
    if outage_s == 0:
        raise InputError(f"--outage {outage}: write a length above 0, for example 10s")
    witness = None
    if real:
        from chaoskit.cli.cascade_real import real_witness

        witness = real_witness(cell_of(system, load, outage_s), out, sandbox, seed)
    with contextlib.ExitStack() as stack:
        cells_of: CellsOf = cells_here
        if dask is not None:
            from chaoskit.search.map_cluster import cells_on

            cells_of, threads = stack.enter_context(cells_on(dask))
            typer.echo(f"{size * size:,} cells on {threads} threads of {dask}", err=True)
        atlas = draw_atlas(
            system, size=size, seed=seed, load_per_s=load, outage_s=outage_s, real=witness, cells_of=cells_of
        )
    if page:
        from chaoskit.cascade.map.page import page_of

        _write(page, page_of(atlas))
    _print(lines(atlas))


@cascade_app.command()
def results(
    seeds: Annotated[
        int, typer.Option(help="Plays of each cell of the jitter table; its tolerances are meant for 100.", min=1)
    ] = 100,
) -> None:
    """Reproduce published results about retries: published, ours, off by. Ends with 0, or 1 if one is out of its tolerance."""
    from chaoskit.cascade.results import all_rows
    from chaoskit.cascade.results.words import lines

    rows = all_rows(seeds=seeds)
    _print(lines(rows))
    raise typer.Exit(0 if all(row.holds for row in rows) else 1)


@cascade_app.command()
def recovery(
    hosts: Annotated[int, typer.Option(help="Hosts of the fleet whose leases have all lapsed.", min=100)] = 2_000,
    seed: Seed = 1,
) -> None:
    """Rehearse recovery from the worst state, simulated, with every fix and without each. Ends with 0, or 1 if a trial ends wrongly."""
    from chaoskit.cascade.recovery.suite import lines, play_suite

    trials = play_suite(hosts=hosts, seed=seed)
    _print(lines(trials))
    raise typer.Exit(0 if all(trial.as_it_should for trial in trials) else 1)


@cascade_app.command()
def live(
    experiment: Annotated[
        str, typer.Argument(help="Experiment file, or the name of a shipped one of the folder cascade/.")
    ] = LIVE,
    out: RunsFolder = RUNS,
    sandbox: LocalSandbox = "auto",
    seed: RunSeed = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="End with 1 where a curve is too far from that of the simulation.")
    ] = False,
) -> None:
    """Play a cascade small and real, judge it, and tell what users lost. Ends as `chaoskit run` does."""
    from chaoskit.cli.cascade_live import play_live

    raise typer.Exit(play_live(experiment, out, sandbox, seed, calibrate=calibrate))


def _find(name: str) -> Path:
    """A path, or a shipped file by its path or its name. Raises ``InputError`` with what there is."""
    from chaoskit.errors import InputError
    from chaoskit.experiment.shipped import root

    path = Path(name)
    if path.exists():
        return path
    folder = root()
    shipped = [folder / DAY, *sorted((folder / "cascade" / "models").glob("*.yaml"))]
    for each in shipped:
        if name.removesuffix(".yaml") in (each.stem, each.relative_to(folder).with_suffix("").as_posix()):
            return each
    known = ", ".join(each.stem for each in shipped)
    raise InputError(f"{name}: no such file, and nothing shipped has this name. Shipped: {known}")


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _check_page(page: Path | None) -> None:
    from chaoskit.input_file import check_output

    if page is not None:
        check_output(page, "--page")


def _write(path: Path, text: str) -> None:
    from chaoskit.errors import InputError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; choose another file with --page") from error
    typer.echo(f"{path}\n")
