"""``chaoskit margin``: check the input, search, tell, write, and end with a code that a CI can use."""

from __future__ import annotations

import json
import re
import shlex
import time
from dataclasses import dataclass, replace
from pathlib import Path

from chaoskit.engine.preflight import check_built
from chaoskit.errors import InputError
from chaoskit.experiment.document import Document
from chaoskit.experiment.loader import read, resolve
from chaoskit.experiment.shipped import find_experiment
from chaoskit.sandbox.choose import CHOICES
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the user said on the command line; see ``chaoskit margin --help``."""

    experiment: str
    field: str | None
    low: str | None
    high: str | None
    resolution: str | None
    repeats: int
    confidence: float
    share: float
    most_runs: int
    at_least: str | None
    at_most: str | None
    jobs: int
    sandbox: str
    seed: int | None
    out: Path | None
    baseline: Path | None = None
    worse_by: str = "20%"


LOW, HIGH, RESOLUTION = "1s", "60s", "500ms"
"""The range that is searched where none is given."""


def find_margin(options: Options) -> int:
    """Search and tell; returns the exit code. Raises ``InputError`` before any run when something cannot be.

    With ``at_least`` and no range nothing is searched: see ``at_least``.
    """
    alone = not (options.low or options.high or options.resolution or options.at_most or options.baseline)
    if options.at_least and alone:
        from chaoskit.cli.at_least import answer_at_least

        return answer_at_least(options)
    options = replace(
        options,
        low=options.low or LOW,
        high=options.high or HIGH,
        resolution=options.resolution or RESOLUTION,
    )
    document = read_experiment(options.experiment)
    task = _task(options, document)
    limits = [
        _limit(task, name, text) for name, text in (("--at-least", options.at_least), ("--at-most", options.at_most))
    ]
    _check(task)
    baseline = read_margin(options.baseline, options.worse_by, task) if options.baseline else None
    folder = options.out or default_folder("margin", document.path)
    with open_store(folder, _plan(task)) as store:
        span = f"from {task.value(0).shown} to {task.value(task.search.steps).shown}"
        _say(f"{task.document.data['title']}\n{task.field} {span}; at most {task.search.runs_max} runs, in {folder}")

        async def make(name: str, order: RunRequest) -> FinishedRun:
            return await make_here(order, store.experiment(name), store.run(name))

        end, steps = run_guarded(search_margin(task, store, make, lambda step, state: _tell(task, step, state)), folder)
        return _conclude(task, store, end, steps, limits, options, baseline)


def read_experiment(wanted: str) -> Document:
    """The document of an experiment file or a shipped one, known to be valid. Raises ``InputError``."""
    document = read(find_experiment(wanted))
    resolve(document, 1.0)
    return document


def default_folder(what: str, experiment: str) -> Path:
    """A new folder under ``runs``."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", Path(experiment).stem).strip("-").lower() or "experiment"
    return Path("runs") / f"{time.strftime('%Y%m%d-%H%M%S')}-{what}-{stem}"


def check_jobs(jobs: int, sandbox: str) -> None:
    """Raises ``InputError``."""
    if jobs < 1:
        raise InputError("--jobs must be at least 1")
    if sandbox not in CHOICES:
        raise InputError(f"--sandbox {sandbox}: choose one of {', '.join(CHOICES)}")


def _task(options: Options, document: Document) -> Task:
    check_jobs(options.jobs, options.sandbox)
    given = [
        quantity(text or "", name)
        for name, text in (("--from", options.low), ("--to", options.high), ("--resolution", options.resolution))
    ]
    alike = of_one_kind(*given)
    if alike is None:
        first, second, third = (one.kind.value for one in given)
        raise InputError(f"--from, --to and --resolution must be of one kind, not {first}, {second} and {third}")
    low, high, resolution = alike
    search = Search(
        low=low.value,
        high=high.value,
        resolution=resolution.value,
        confidence=options.confidence,
        share=options.share,
        repeats=options.repeats,
        runs_max=options.most_runs,
        rising={(True, False): False, (False, True): True}.get((bool(options.at_least), bool(options.at_most))),
    )
    seed = options.seed if options.seed is not None else int(document.data.get("seed", 0))
    return Task(
        document=document,
        field=options.field or only_length(document),
        unit=low,
        search=search,
        seed=seed,
        sandbox=options.sandbox,
        jobs=options.jobs,
    )


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
    """The ends of the range must be valid experiments, short enough to see what comes after the fault, and so must values between."""
    check_varied(task.document, [task.field])
    for point in (0, task.search.steps, 1):
        check_value(task.document, task.field, task.value(point), task.sandbox)


def check_value(document: Document, field: str, value: Quantity, sandbox: str) -> None:
    """Raises ``InputError`` unless the document with ``value`` in ``field`` can be run, expects something, and sees what comes after."""
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
    _say(line)


def _conclude(
    task: Task,
    store: Store,
    end: Found | Stopped,
    steps: list[Step],
    limits: list[Quantity | None],
    options: Options,
    baseline: MarginBaseline | None,
) -> int:
    store.write("margin.json", json.dumps(as_json(task, end, steps), indent=1, ensure_ascii=False) + "\n")
    store.write("margin.md", as_markdown(task, end, steps, _replay(task, options)))
    _say("")
    for one in curve(task, steps):
        beside = f"  ({one.uncounted} not counted)" if one.uncounted else ""
        _say(f"{one.value.shown:>12}  {one.held:3}/{one.total:<3} {one.bar}{beside}")
    _say(f"\n{sentence(task, end)}\n{store.folder / 'margin.md'}")
    if isinstance(end, Stopped):
        return Outcome(end.made.outcome).exit_code
    missed = [*_missed(end, *limits), *(baseline.worse(task, end) if baseline else [])]
    for line in missed:
        _say(line)
    return Outcome.FAILED.exit_code if missed else 0


def _missed(end: Found, at_least: Quantity | None, at_most: Quantity | None) -> list[str]:
    """A line for each limit that is not met with the search's confidence."""
    found = []
    nowhere = end.ending == "fails everywhere"
    if at_least is not None and (end.lower < at_least.value or end.may_be_below):
        less = end.upper < at_least.value or nowhere
        found.append(f"--at-least {at_least.shown}: {'it is less' if less else 'not shown with this confidence'}.")
    if at_most is not None and (end.upper > at_most.value or end.may_be_above):
        more = end.lower > at_most.value or nowhere
        found.append(f"--at-most {at_most.shown}: {'it is more' if more else 'not shown with this confidence'}.")
    return found


def _replay(task: Task, options: Options) -> str:
    """The command that searches the same again: all that the result depends on."""
    words = [
        "chaoskit",
        "margin",
        options.experiment,
        "--field",
        task.field,
        "--from",
        options.low or LOW,
        "--to",
        options.high or HIGH,
    ]
    words += [
        "--resolution",
        options.resolution or RESOLUTION,
        "--repeats",
        str(options.repeats),
        "--share",
        f"{options.share!r}",
    ]
    words += ["--confidence", f"{options.confidence!r}", "--seed", str(task.seed), "--sandbox", options.sandbox]
    words += ["--most-runs", str(options.most_runs)]
    for name, text in (("--at-least", options.at_least), ("--at-most", options.at_most)):
        words += [name, text] if text is not None else []
    if options.baseline is not None:
        words += ["--baseline", str(options.baseline), "--worse-by", options.worse_by]
    if options.jobs != 1:
        words += ["--jobs", str(options.jobs)]
    return shlex.join(words)


def _say(text: str) -> None:
    import typer

    typer.echo(text)
