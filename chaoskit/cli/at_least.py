"""``chaoskit margin --at-least X`` with no range: is X survived often enough? Runs are made at X alone, until that is known."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from chaoskit.cli.margin import check_value, default_folder, only_length
from chaoskit.experiment.document import Document
from chaoskit.printable import printable
from chaoskit.search.at_least import Decision, Plan
from chaoskit.search.fields import check_varied
from chaoskit.search.guard import run_guarded
from chaoskit.search.points import FinishedRun, RunRequest, make_here
from chaoskit.search.quantity import quantity
from chaoskit.search.store import Store, open_store
from chaoskit.search.value_test import ValueTest, settle
from chaoskit.verdict import Outcome


def answer_at_least(
    document: Document, field: str | None, value: str, plan: Plan, seed: int, sandbox: str, jobs: int, out: Path | None
) -> int:
    """Make the runs and tell; returns 0 when the expectations hold at the value often enough, 1 when not, or not shown.

    Raises ``InputError`` before any run when something cannot be.
    """
    test = ValueTest(
        document=document,
        field=field or only_length(document),
        value=quantity(value, "--at-least"),
        plan=plan,
        seed=seed,
        sandbox=sandbox,
        jobs=jobs,
    )
    check_varied(document, [test.field])
    check_value(document, test.field, test.value, sandbox)
    folder = out or default_folder("at-least", document.path)
    identity = {
        "kind": "at-least",
        "experiment": document.data,
        "field": test.field,
        "value": test.value.written,
        "seed": test.seed,
        "sandbox": test.sandbox,
    }
    with open_store(folder, identity) as store:
        typer.echo(
            f"{document.data['title']}\n{test.field} = {test.value.shown}; at most {test.plan.runs_max} runs, in {folder}"
        )

        async def make(name: str, request: RunRequest) -> FinishedRun:
            return await make_here(request, store.experiment(name), store.run(name))

        end, runs = run_guarded(settle(test, store, make, _tell), folder)
        return _conclude(test, store, end, runs)


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
