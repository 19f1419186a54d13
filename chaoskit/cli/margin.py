"""``chaoskit margin``: check the input, search, report, and exit with a code for CI."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from chaoskit.cli.options import ExperimentName, LocalSandbox
from chaoskit.engine.preflight import check_built
from chaoskit.errors import InputError
from chaoskit.experiment.document import Document
from chaoskit.experiment.loader import read, resolve
from chaoskit.experiment.shipped import find_experiment
from chaoskit.sandbox.choose import CHOICES
from chaoskit.search.at_least import read_plan
from chaoskit.search.baseline import MarginBaseline, read_margin
from chaoskit.search.bisect import Step, Stopped, Task, search_margin
from chaoskit.search.fields import check_varied, with_values, written_fields
from chaoskit.search.guard import run_guarded
from chaoskit.search.margin import Ask, Found, Search
from chaoskit.search.margin_report import as_json, as_markdown, curve, sentence
from chaoskit.search.points import FinishedRun, RunRequest, make_here
from chaoskit.search.quantity import Quantity, of_one_kind, quantity
from chaoskit.search.store import Store, open_store
from chaoskit.verdict import Outcome

AtLeast: TypeAlias = Annotated[
    str | None,
    typer.Option(help="Exit with 1 unless the margin is at least this value; with no range, run this value alone."),
]
AtMost: TypeAlias = Annotated[
    str | None, typer.Option(help="Exit with 1 unless the margin is at most this value, where more is safer.")
]
SearchFolder: TypeAlias = Annotated[
    Path | None, typer.Option(help="Folder of this search; an interrupted one resumes. Default: below runs.")
]
Baseline: TypeAlias = Annotated[
    Path | None, typer.Option(help="Exit with 1 if the margin is worse than in this margin.json.")
]


def margin(
    experiment: ExperimentName,
    field: Annotated[
        str | None,
        typer.Option(help="Field to search, such as timeline.0.when.for; default: the length of the only fault."),
    ] = None,
    low: Annotated[
        str | None, typer.Option("--from", help="Lowest value: a duration or a number; default: 1s.")
    ] = None,
    high: Annotated[str | None, typer.Option("--to", help="Highest value; default: 60s.")] = None,
    resolution: Annotated[
        str | None, typer.Option(help="Stop once the margin is known to ± this much; default: 500ms.")
    ] = None,
    repeats: Annotated[int, typer.Option(help="Make at least this many runs near the margin.")] = 5,
    confidence: Annotated[float, typer.Option(help="Confidence level of the reported interval, 0.5 to below 1.")] = 0.9,
    share: Annotated[float, typer.Option(help="Share of runs that must pass for a value to count as survived.")] = 0.8,
    most_runs: Annotated[int, typer.Option(help="Stop after this many runs and report what is known.")] = 40,
    at_least: AtLeast = None,
    at_most: AtMost = None,
    jobs: Annotated[int, typer.Option(help="Number of runs at once, all at one value.")] = 1,
    sandbox: LocalSandbox = "auto",
    seed: Annotated[
        int | None, typer.Option(help="Seed to which each run adds its number; default: the file's.")
    ] = None,
    out: SearchFolder = None,
    baseline: Baseline = None,
    worse_by: Annotated[str, typer.Option(help="How much worse is no failure, such as 500ms or 20%.")] = "20%",
) -> None:
    """Find the longest blank that the expectations survive.

    Exit code: 0 found, 1 outside --at-least or --at-most, 2 bad input, 3 or 4 no answer.
    """
    document = read_experiment(experiment)
    check_jobs(jobs, sandbox)
    seed = seed if seed is not None else int(document.data.get("seed", 0))
    if at_least and not (low or high or resolution or at_most or baseline):
        from chaoskit.cli.at_least import answer_at_least

        plan = read_plan(share, confidence, most_runs)
        raise typer.Exit(answer_at_least(document, field, at_least, plan, seed, sandbox, jobs, out))
    span = {"--from": low or "1s", "--to": high or "60s", "--resolution": resolution or "500ms"}
    unit, search = _search(
        span,
        {"confidence": confidence, "share": share, "repeats": repeats, "runs_max": most_runs},
        rising={(True, False): False, (False, True): True}.get((bool(at_least), bool(at_most))),
    )
    task = Task(
        document=document,
        field=field or only_length(document),
        unit=unit,
        search=search,
        seed=seed,
        sandbox=sandbox,
        jobs=jobs,
    )
    limits = {"--at-least": at_least, "--at-most": at_most}
    replay = _replay(task, experiment, span, limits)
    earlier = read_margin(baseline, worse_by, task) if baseline else None
    raise typer.Exit(_find(task, limits, out or default_folder("margin", document.path), replay, earlier))


def _find(
    task: Task, texts: Mapping[str, str | None], folder: Path, replay: str, earlier: MarginBaseline | None
) -> int:
    """Search, report and write. Returns the exit code; raises ``InputError`` before any run when something cannot be."""
    limits = [_limit(task, name, text) for name, text in texts.items()]
    _check(task)
    with open_store(folder, _plan(task)) as store:
        span = f"from {task.value(0).shown} to {task.value(task.search.steps).shown}"
        typer.echo(
            f"{task.document.data['title']}\n{task.field} {span}; at most {task.search.runs_max} runs, in {folder}"
        )

        async def make(name: str, order: RunRequest) -> FinishedRun:
            return await make_here(order, store.experiment(name), store.run(name))

        end, steps = run_guarded(search_margin(task, store, make, lambda step, state: _tell(task, step, state)), folder)
        return _conclude(task, store, end, steps, limits, replay, earlier)


def read_experiment(name: str) -> Document:
    """Read an experiment, a file or a shipped one, and check that it is valid. Raises ``InputError``."""
    document = read(find_experiment(name))
    resolve(document, 1.0)
    return document


def default_folder(what: str, experiment: str) -> Path:
    """Name a new folder below ``runs``, after the time, the kind of search and the experiment."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", Path(experiment).stem).strip("-").lower() or "experiment"
    return Path("runs") / f"{time.strftime('%Y%m%d-%H%M%S')}-{what}-{stem}"


def check_jobs(jobs: int, sandbox: str) -> None:
    """Raise ``InputError`` for fewer than one job or an unknown sandbox."""
    if jobs < 1:
        raise InputError("--jobs must be at least 1")
    if sandbox not in CHOICES:
        raise InputError(f"--sandbox {sandbox}: choose one of {', '.join(CHOICES)}")


def _search(texts: Mapping[str, str], settings: Mapping[str, Any], *, rising: bool | None) -> tuple[Quantity, Search]:
    """Return the lowest value and the search over the range that ``texts`` give by option. Raises ``InputError``."""
    given = [quantity(text, name) for name, text in texts.items()]
    alike = of_one_kind(*given)
    if alike is None:
        first, second, third = (value.kind.value for value in given)
        raise InputError(f"--from, --to and --resolution must be of one kind, not {first}, {second} and {third}")
    low, high, resolution = alike
    return low, Search(low=low.value, high=high.value, resolution=resolution.value, rising=rising, **settings)


def only_length(document: Document) -> str:
    """The field of the one fault's length. Raises ``InputError`` where there is not exactly one."""
    lengths = [field for field in written_fields(document) if re.fullmatch(r"timeline\.[^.]+\.when\.for", field)]
    if len(lengths) != 1:
        raise InputError(f"{document.path}: say which field with --field; lengths here: {', '.join(lengths) or 'none'}")
    return lengths[0]


def _limit(task: Task, name: str, text: str | None) -> Quantity | None:
    if text is None:
        return None
    limit = quantity(text, name)
    alike = of_one_kind(limit, task.unit)
    if alike is None or alike[1] != task.unit:
        raise InputError(f"{name} {text}: write a {task.unit.kind.value}, as for --from")
    if not task.search.low <= limit.value <= task.search.high:
        raise InputError(f"{name} {text} must lie between --from and --to, or the search cannot decide it")
    return limit


def _check(task: Task) -> None:
    """Raise ``InputError`` unless both ends of the range and a value between give valid experiments that outlast the fault."""
    check_varied(task.document, [task.field])
    for point in (0, task.search.steps, 1):
        check_value(task.document, task.field, task.value(point), task.sandbox)


def check_value(document: Document, field: str, value: Quantity, sandbox: str) -> None:
    """Raise ``InputError`` unless the document with ``value`` in ``field`` can be run, expects something, and outlasts the fault."""
    experiment = resolve(with_values(document, {field: value.written}), 1.0)
    check_built(experiment, sandbox)
    ends = [entry.when.end for entry in experiment.spec.timeline]
    if not experiment.expectations:
        raise InputError(
            f"{document.path}: has no 'expect', so there is nothing that could hold or fail; add expectations"
        )
    if field.startswith("timeline") and any(end is not None and end >= experiment.duration_ns for end in ends):
        raise InputError(
            f"{document.path}: with {field} = {value.shown} the fault lasts to the end of the run, so nothing "
            "after it is seen; leave 'duration' out (the run then ends 10 s after the fault), or choose a lower value"
        )


def _plan(task: Task) -> dict[str, object]:
    # What tells a run's name and value, so that a search may go on with more runs, or for another limit.
    search = {name: getattr(task.search, name) for name in ("low", "high", "resolution")}
    return {
        "kind": "margin",
        "experiment": task.document.data,
        "field": task.field,
        "unit": task.unit.kind.value,
        "search": search,
        "seed": task.seed,
        "sandbox": task.sandbox,
    }


def _tell(task: Task, step: Step, state: Found | Ask | Stopped) -> None:
    word = {"passed": "held", "failed": "failed"}.get(step.made.outcome, f"{step.made.outcome} (does not count)")
    line = f"run {int(step.name[:4]):3}  {task.value(step.point).shown:>10}  {word}"
    if isinstance(state, Ask) and state.margin == state.margin:
        line += f"   margin {task.unit.at(state.lower).shown} to {task.unit.at(state.upper).shown}"
    typer.echo(line)


def _conclude(
    task: Task,
    store: Store,
    end: Found | Stopped,
    steps: list[Step],
    limits: list[Quantity | None],
    replay: str,
    earlier: MarginBaseline | None,
) -> int:
    store.write("margin.json", json.dumps(as_json(task, end, steps), indent=1, ensure_ascii=False) + "\n")
    store.write("margin.md", as_markdown(task, end, steps, replay))
    typer.echo("")
    for point in curve(task, steps):
        beside = f"  ({point.uncounted} not counted)" if point.uncounted else ""
        typer.echo(f"{point.value.shown:>12}  {point.held:3}/{point.total:<3} {point.bar}{beside}")
    typer.echo(f"\n{sentence(task, end)}\n{store.folder / 'margin.md'}")
    if isinstance(end, Stopped):
        return Outcome(end.made.outcome).exit_code
    missed = [*_missed(end, *limits), *(earlier.worse(task, end) if earlier else [])]
    for line in missed:
        typer.echo(line)
    return Outcome.FAILED.exit_code if missed else 0


def _missed(end: Found, at_least: Quantity | None, at_most: Quantity | None) -> list[str]:
    """A line for each limit that is not met with the search's confidence."""
    lines = []
    nowhere = end.ending == "fails everywhere"
    if at_least is not None and (end.lower < at_least.value or end.may_be_below):
        less = end.upper < at_least.value or nowhere
        lines.append(f"--at-least {at_least.shown}: {'it is less' if less else 'not shown with this confidence'}.")
    if at_most is not None and (end.upper > at_most.value or end.may_be_above):
        more = end.lower > at_most.value or nowhere
        lines.append(f"--at-most {at_most.shown}: {'it is more' if more else 'not shown with this confidence'}.")
    return lines


def _replay(task: Task, experiment: str, texts: Mapping[str, str], limits: Mapping[str, str | None]) -> str:
    """The command that searches the same again: all that the result depends on."""
    search = task.search
    words = ["chaoskit", "margin", experiment, "--field", task.field]
    for name, text in texts.items():
        words += [name, text]
    words += [
        "--repeats",
        str(search.repeats),
        "--share",
        f"{search.share!r}",
        "--confidence",
        f"{search.confidence!r}",
    ]
    words += ["--seed", str(task.seed), "--sandbox", task.sandbox, "--most-runs", str(search.runs_max)]
    for name, limit in limits.items():
        words += [name, limit] if limit is not None else []
    if task.jobs != 1:
        words += ["--jobs", str(task.jobs)]
    return shlex.join(words)
