"""``chaoskit sweep``: check every point, make the missing runs, and write one table."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.cli.margin import check_jobs, default_folder, read_experiment
from chaoskit.cli.options import ExperimentName, LocalSandbox, Seed
from chaoskit.engine.preflight import check_built
from chaoskit.errors import InputError
from chaoskit.search import parquet
from chaoskit.search.fields import check_varied
from chaoskit.search.guard import run_guarded
from chaoskit.search.plan import points, read_setting
from chaoskit.search.points import FinishedRun, RunRequest, make_here
from chaoskit.search.store import Store, open_store
from chaoskit.search.sweep import Sweep, run_sweep
from chaoskit.search.table import Table, Visit, as_csv, as_json, as_lines, make_table
from chaoskit.verdict import Outcome

SHOWN_MAX = 40
"""Rows of the table that the terminal shows."""


def sweep(
    experiment: ExperimentName,
    settings: Annotated[
        list[str],
        typer.Option(
            "--set", metavar="FIELD=V1,V2,…", help="Vary a field over these values, or over LOW..HIGH; may be repeated."
        ),
    ] = [],  # noqa: B006
    sample: Annotated[
        int | None,
        typer.Option(help="Run this many points, spread evenly over values and ranges; default: the whole grid."),
    ] = None,
    repeats: Annotated[int, typer.Option(help="Number of runs at each point.")] = 1,
    jobs: Annotated[int, typer.Option(help="Number of runs at once on this machine.")] = 1,
    dask: Annotated[
        str | None, typer.Option(metavar="tcp://…", help="Run on the Dask cluster of this scheduler; default: here.")
    ] = None,
    sandbox: LocalSandbox = "auto",
    seed: Seed = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of this sweep; an interrupted one resumes. Default: below runs.")
    ] = None,
) -> None:
    """Run an experiment at many values of its fields, and write one table.

    Exit code: 0 done, 2 bad input, 4 if a run was invalid.
    """
    check_jobs(jobs, sandbox)
    if repeats < 1:
        raise InputError("--repeats must be at least 1")
    document = read_experiment(experiment)
    seed = seed if seed is not None else int(document.data.get("seed", 0))
    read = [read_setting(text) for text in settings]
    check_varied(document, [setting.field for setting in read])
    planned = Sweep(
        document=document,
        points=points(read, sample, seed),
        repeats=repeats,
        seed=seed,
        sandbox=sandbox,
        at_once=jobs,
    )
    for varied in planned.experiments():
        if dask is None:  # else the workers have builds of their own
            check_built(varied, sandbox)
    folder = out or default_folder("sweep", document.path)
    raise typer.Exit(run_guarded(_sweep(planned, folder, dask), folder))


async def _sweep(sweep: Sweep, folder: Path, dask: str | None) -> int:
    if dask is None:
        with open_store(folder, _plan(sweep)) as store:
            _begin(sweep, store, f"{sweep.at_once} at once")

            async def make(name: str, order: RunRequest) -> FinishedRun:
                return await make_here(order, store.experiment(name), store.run(name))

            return _conclude(store, await run_sweep(sweep, store, make, _tell))
    from chaoskit.search.cluster import cluster

    async with cluster(dask) as (make_in, threads):
        with open_store(folder, _plan(sweep)) as store:
            _begin(sweep, store, f"on {threads} threads of {dask}")
            # The scheduler shares them out, and knows best what a lost worker had.
            everywhere = replace(sweep, at_once=len(sweep.wanted()))
            return _conclude(store, await run_sweep(everywhere, store, make_in(store), _tell))


def _plan(sweep: Sweep) -> dict[str, object]:
    return {
        "kind": "sweep",
        "experiment": sweep.document.data,
        "points": [[[field, value] for field, value in point.values] for point in sweep.points],
        "repeats": sweep.repeats,
        "seed": sweep.seed,
        "sandbox": sweep.sandbox,
    }


def _begin(sweep: Sweep, store: Store, how: str) -> None:
    names = {name for name, _, _ in sweep.wanted()}
    there = len(names & set(store.done()))
    already = f"; {there} are there already" if there else ""
    typer.echo(
        f"{sweep.document.data['title']}\n{len(sweep.points)} points, {len(names)} runs{already}; {how}; in {store.folder}"
    )


def _tell(visit: Visit, left: int) -> None:
    values = "  ".join(f"{field}={value}" for field, value in visit.point.values)
    typer.echo(f"{visit.name}  {values}  {visit.made.outcome}" + (f"   {left} left" if left else ""))


def _conclude(store: Store, visits: list[Visit]) -> int:
    table = make_table(visits)
    written = [store.write("table.csv", as_csv(table)), store.write("table.json", as_json(table))]
    if parquet.available():
        written.append(parquet.write_parquet(table, store.folder / "table.parquet"))
    typer.echo("")
    for line in as_lines(table, _telling(table))[: SHOWN_MAX + 1]:
        typer.echo(line)
    if len(visits) > SHOWN_MAX:
        typer.echo(f"… and {len(visits) - SHOWN_MAX} more")
    counts = Counter(visit.made.outcome for visit in visits)
    typer.echo("\n" + ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
    for path in written:
        typer.echo(str(path))
    if not parquet.available():
        typer.echo("no table.parquet: pip install 'chaoskit[dask]'")
    return Outcome.INVALID.exit_code if counts["invalid"] else 0


def _telling(table: Table) -> list[str]:
    """Choose the columns for a terminal: the point, the outcome, and the fault's effect on each client."""
    clients = [name for name in table.columns if name.endswith((".fault_share_ok", ".longest_call_s", ".recovery_s"))]
    fields = table.columns[3 : table.columns.index("outcome")]
    return [name for name in fields if not name.endswith(" [s]")] + ["outcome", *clients[:9]]
