"""``chaoskit sweep``: check every point, run what is not there yet, and write one table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from chaoskit.cli.margin import check_jobs, default_folder, read_experiment
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user said on the command line; see ``chaoskit sweep --help``."""

    experiment: str
    settings: list[str]
    sample: int | None
    repeats: int
    jobs: int
    dask: str | None
    sandbox: str
    seed: int | None
    out: Path | None


def sweep_fields(options: Options) -> int:
    """Sweep and write the table; returns the exit code. Raises ``InputError`` before any run when something cannot be."""
    check_jobs(options.jobs, options.sandbox)
    if options.repeats < 1:
        raise InputError("--repeats must be at least 1")
    document = read_experiment(options.experiment)
    seed = options.seed if options.seed is not None else int(document.data.get("seed", 0))
    settings = [read_setting(text) for text in options.settings]
    check_varied(document, [setting.field for setting in settings])
    sweep = Sweep(
        document=document,
        points=points(settings, options.sample, seed),
        repeats=options.repeats,
        seed=seed,
        sandbox=options.sandbox,
        at_once=options.jobs,
    )
    for experiment in sweep.experiments():
        if options.dask is None:  # else the workers have builds of their own
            check_built(experiment, options.sandbox)
    folder = options.out or default_folder("sweep", document.path)
    return run_guarded(_sweep(sweep, folder, options.dask), folder)


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
    wanted = {name for name, _, _ in sweep.wanted()}
    there = len(wanted & set(store.done()))
    already = f"; {there} are there already" if there else ""
    _say(
        f"{sweep.document.data['title']}\n{len(sweep.points)} points, {len(wanted)} runs{already}; {how}; in {store.folder}"
    )


def _tell(visit: Visit, left: int) -> None:
    values = "  ".join(f"{field}={value}" for field, value in visit.point.values)
    _say(f"{visit.name}  {values}  {visit.made.outcome}" + (f"   {left} left" if left else ""))


def _conclude(store: Store, visits: list[Visit]) -> int:
    table = make_table(visits)
    written = [store.write("table.csv", as_csv(table)), store.write("table.json", as_json(table))]
    if parquet.available():
        written.append(parquet.write_parquet(table, store.folder / "table.parquet"))
    _say("")
    for line in as_lines(table, _telling(table))[: SHOWN_MAX + 1]:
        _say(line)
    if len(visits) > SHOWN_MAX:
        _say(f"… and {len(visits) - SHOWN_MAX} more")
    counts = Counter(visit.made.outcome for visit in visits)
    _say("\n" + ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
    for path in written:
        _say(str(path))
    if not parquet.available():
        _say("no table.parquet: pip install 'chaoskit[dask]'")
    return Outcome.INVALID.exit_code if counts["invalid"] else 0


def _telling(table: Table) -> list[str]:
    """The columns worth a terminal's width: the point, the outcome, and of each client what the fault did to it."""
    clients = [name for name in table.columns if name.endswith((".fault_share_ok", ".longest_call_s", ".recovery_s"))]
    fields = table.columns[3 : table.columns.index("outcome")]
    return [name for name in fields if not name.endswith(" [s]")] + ["outcome", *clients[:9]]


def _say(text: str) -> None:
    import typer

    typer.echo(text)
