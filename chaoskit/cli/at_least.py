"""``chaoskit margin --at-least X`` with no range: is X survived often enough? Runs are made at X alone, until that is known."""

from __future__ import annotations

import json

import typer

from chaoskit.cli.margin import Options, check_jobs, check_value, default_folder, only_length, read_experiment
from chaoskit.errors import InputError
from chaoskit.printable import printable
from chaoskit.search.at_least import Decision, Plan
from chaoskit.search.fields import check_varied
from chaoskit.search.guard import run_guarded
from chaoskit.search.points import FinishedRun, RunRequest, make_here
from chaoskit.search.quantity import quantity
from chaoskit.search.store import Store, open_store
from chaoskit.search.value_test import ValueTest, settle
from chaoskit.verdict import Outcome


def answer_at_least(options: Options) -> int:
    """Make the runs and tell; returns 0 when the expectations hold at the value often enough, 1 when not, or not shown.

    Raises ``InputError`` before any run when something cannot be.
    """
    document = read_experiment(options.experiment)
    test = _test(options)
    check_varied(document, [test.field])
    check_value(document, test.field, test.value, options.sandbox)
    folder = options.out or default_folder("at-least", document.path)
    plan = {
        "kind": "at-least",
        "experiment": document.data,
        "field": test.field,
        "value": test.value.written,
        "seed": test.seed,
        "sandbox": test.sandbox,
    }
    with open_store(folder, plan) as store:
        typer.echo(
            f"{document.data['title']}\n{test.field} = {test.value.shown}; at most {test.plan.runs_max} runs, in {folder}"
        )

        async def make(name: str, request: RunRequest) -> FinishedRun:
            return await make_here(request, store.experiment(name), store.run(name))

        end, runs = run_guarded(settle(test, store, make, _tell), folder)
        return _conclude(test, store, end, runs)


def _test(options: Options) -> ValueTest:
    check_jobs(options.jobs, options.sandbox)
    if not 0.5 <= options.confidence < 1:
        raise InputError(f"--confidence {options.confidence:g}: write a share from 0.5, below 1, for example 0.9")
    if not 0.5 <= options.share <= 0.95:
        raise InputError(f"--share {options.share:g}: write a share from 0.5 to 0.95, for example 0.8")
    if options.most_runs < 1:
        raise InputError("--most-runs must be at least 1")
    document = read_experiment(options.experiment)
    assert options.at_least is not None
    return ValueTest(
        document=document,
        field=options.field or only_length(document),
        value=quantity(options.at_least, "--at-least"),
        plan=Plan(share=options.share, confidence=options.confidence, runs_max=options.most_runs),
        seed=options.seed if options.seed is not None else int(document.data.get("seed", 0)),
        sandbox=options.sandbox,
        jobs=options.jobs,
    )


def _tell(number: int, run: FinishedRun) -> None:
    word = {"passed": "held", "failed": "failed"}.get(run.outcome, f"{run.outcome} (does not count)")
    typer.echo(f"run {number:3}  {word}")


def _conclude(test: ValueTest, store: Store, end: Decision | FinishedRun, runs: list[FinishedRun]) -> int:
    text = sentence(test, end)
    result = {
        "at_least_version": 1,
        "field": test.field,
        "value": test.value.written,
        "share": test.plan.share,
        "confidence": test.plan.confidence,
        "answer": end.answer if isinstance(end, Decision) else "stopped",
        "held": sum(run.outcome == "passed" for run in runs),
        "runs": sum(run.counts for run in runs),
        "uncounted_runs": sum(not run.counts for run in runs),
        "result": text,
        "made": [{"run": f"{number:04}", "outcome": run.outcome} for number, run in enumerate(runs, 1)],
    }
    store.write("at-least.json", json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    typer.echo(f"\n{text}\n{store.folder / 'at-least.json'}")
    if isinstance(end, FinishedRun):
        return Outcome(end.outcome).exit_code
    return 0 if end.answer == "at least" else Outcome.FAILED.exit_code


def sentence(test: ValueTest, end: Decision | FinishedRun) -> str:
    """The answer in a sentence, with the runs that it rests on."""
    where = f"{test.field} = {test.value.shown}"
    if isinstance(end, FinishedRun):
        return printable(f"Stopped: at {where} the runs do not count ({end.outcome}): {end.because}")
    share, rests = f"{test.plan.share:.0%} of runs", f"{end.held} of {end.runs} held"
    if end.answer == "at least":
        return f"At {where} the expectations hold in at least {share} ({test.plan.confidence:.0%} confidence; {rests})."
    if end.answer == "less":
        return (
            f"At {where} the expectations hold in less than {share} ({test.plan.confidence:.0%} confidence; {rests})."
        )
    more = " Allow more with --most-runs." if end.runs < 1000 else ""
    return f"Whether the expectations hold at {where} in at least {share} is not shown ({rests}).{more}"
