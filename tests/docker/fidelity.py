"""Is it the same in every sandbox? Runs ``fidelity.yaml`` in each, compares, and writes ``docs/fidelity.md``.

``python -m tests.docker.fidelity`` runs and writes. What must agree: the verdict of every expectation; of every client in every fault the
result of each call, the number of its attempts, in order, and what the resolver said. What may differ is in ``ALLOWED``, with its reason.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaoskit.expect import judge
from chaoskit.experiment.loader import load
from chaoskit.journal.events import ClientReady, PlaneReady, SandboxReady
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal

ROOT = Path(__file__).resolve().parent.parent.parent
EXPERIMENT = Path(__file__).with_name("fidelity.yaml")
PAGE = ROOT / "docs" / "fidelity.md"
SANDBOXES = ("namespace", "docker", "inline")

ALLOWED = {
    "libc in the path": "inline hooks the resolver of Python itself; it is the sandbox for places where nothing else works",
    "record types asked": "a network that Docker makes has no IPv6 unless its engine was told to, so urllib3 asks for A alone",
    "lookups per attempt": "after SERVFAIL libc repeats its question from the same port; Docker's resolver passes the repeat on from "
    "another one, so it counts as a lookup of its own",
}
"""What may differ between sandboxes, and why."""

DRAINED_BY = {"cold": 1}
"""Clients that a fault leaves without a retry quota, so that later attempts depend on how many calls went well in between, which a
busy machine decides: only so many faults are compared."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the comparison: what, and what it was in each sandbox. ``needed`` facts must agree unless they are in ``ALLOWED``."""

    what: str
    found: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether it is the same everywhere."""
        return len(set(self.found)) == 1

    @property
    def reason(self) -> str | None:
        """Why it may differ; None: it may not."""
        return next((reason for what, reason in ALLOWED.items() if self.what.startswith(what)), None)


def play(sandbox: str, folder: Path) -> Run:
    """Run the experiment in a sandbox. Raises ``RuntimeError`` with its output when that is no valid run."""
    command = [sys.executable, "-m", "chaoskit", "run", str(EXPERIMENT), "--sandbox", sandbox, "--plain"]
    result = subprocess.run([*command, "--out", str(folder / sandbox)], capture_output=True, text=True, timeout=300)
    journals = list((folder / sandbox).glob("*/journal.jsonl"))
    if result.returncode not in (0, 1) or len(journals) != 1:
        raise RuntimeError(f"{sandbox}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return Run(read_journal(journals[0]))


def compare(runs: Sequence[Run]) -> list[Fact]:
    """Every line of the comparison."""
    facts = [_fact("libc in the path", runs, lambda run: str(run.of(SandboxReady)[0][1].libc_exercised))]
    facts.append(_fact("record types asked", runs, _types))
    experiment = load(EXPERIMENT)
    verdicts = [judge(run, experiment.expectations) for run in runs]
    for same in zip(*verdicts, strict=True):
        facts.append(Fact(f"verdict: {same[0].expectation}", tuple(verdict.finding for verdict in same)))
    for client in runs[0].clients:
        faults = [injection.injection for injection in runs[0].injections]
        for injection in faults[: DRAINED_BY.get(client)]:
            facts += _of_calls(runs, client, injection)
    return facts


def _fact(what: str, runs: Sequence[Run], of: object) -> Fact:
    assert callable(of)
    return Fact(what, tuple(of(run) for run in runs))


def _types(run: Run) -> str:
    return " ".join(sorted({query.rtype for _, query in run.queries if query.asker in run.clients}))


def _of_calls(runs: Sequence[Run], client: str, injection: str) -> list[Fact]:
    """One client in one fault. Calls are compared in order, as many as there are everywhere: a busy machine makes fewer."""
    spans = [next(one for one in run.injections if one.injection == injection).spans[0] for run in runs]
    calls = [
        [call for call in run.calls[client] if start <= call.started and call.finished and call.finished < end]
        for run, (start, end) in zip(runs, spans, strict=True)
    ]
    count = min(map(len, calls))
    where = f"{client} in {injection}"
    lookups = [sorted({len(attempt.lookups) for call in some[:count] for attempt in call.attempts}) for some in calls]
    return [
        Fact(f"results, {where}", tuple(_runs([call.result for call in some[:count]]) for some in calls)),
        Fact(
            f"attempts of each call, {where}",
            tuple(_runs([len(call.attempts) for call in some[:count]]) for some in calls),
        ),
        Fact(f"the resolver's number, {where}", tuple(_numbers(some[:count]) for some in calls)),
        Fact(f"lookups per attempt, {where}", tuple(", ".join(map(str, some)) for some in lookups)),
    ]


def _numbers(calls: Sequence[object]) -> str:
    found = {link.errno for call in calls for link in call.errors if link.errno is not None}  # type: ignore[attr-defined]
    return ", ".join(map(str, sorted(found))) or "–"


def _runs(values: Sequence[object]) -> str:
    """``3 ×17, 2 ×1, 1 ×6``: values in order, repeats counted."""
    told: list[tuple[object, int]] = []
    for value in values:
        if told and told[-1][0] == value:
            told[-1] = (value, told[-1][1] + 1)
        else:
            told.append((value, 1))
    return ", ".join(f"{value} ×{count}" for value, count in told)


def page(facts: Sequence[Fact], runs: Sequence[Run]) -> str:
    """``docs/fidelity.md``."""
    versions = runs[0].of(ClientReady)[0][1].versions
    said = [
        "# The same in every sandbox?",
        "",
        "<!-- written by `python -m tests.docker.fidelity`, from real runs; do not edit -->",
        "",
        "One experiment ([`tests/docker/fidelity.yaml`](../tests/docker/fidelity.yaml): an empty record, a missing name, a failing",
        "server; a client with a new connection per call, one with two attempts at most, one with a pooled connection) was run",
        f"in each sandbox ({', '.join(f'{name} {number}' for name, number in versions.items())}).",
        "",
        *(
            f"- `{name}`: {run.of(SandboxReady)[0][1].because}; {_proxy(run)}"
            for name, run in zip(SANDBOXES, runs, strict=True)
        ),
        "",
        "Calls are compared in order, as many as there are in all three: `3 ×17, 2 ×1` means seventeen calls of three attempts,",
        "then one of two.",
        "`tests/docker/test_fidelity.py` fails when a line differs that has no reason here.",
        "",
        "| what | " + " | ".join(SANDBOXES) + " | agree |",
        "|---|" + "---|" * len(SANDBOXES) + "---|",
    ]
    reasons = list(ALLOWED.values())
    for fact in facts:
        mark = "yes" if fact.agrees else f"no ({reasons.index(fact.reason) + 1})" if fact.reason else "**NO**"
        said.append(f"| {fact.what} | " + " | ".join(found or "–" for found in fact.found) + f" | {mark} |")
    said += ["", "Why they may differ:", ""]
    said += [f"{number}. *{what}*: {reason}." for number, (what, reason) in enumerate(ALLOWED.items(), 1)]
    return "\n".join(said) + "\n"


def _proxy(run: Run) -> str:
    return next(event.implementation for _, event in run.of(PlaneReady) if event.plane == "network")


def main() -> None:
    """Run, compare, write."""
    with tempfile.TemporaryDirectory() as folder:
        runs = [play(sandbox, Path(folder)) for sandbox in SANDBOXES]
        facts = compare(runs)
        PAGE.write_text(page(facts, runs))
    for fact in facts:
        if not fact.agrees:
            sys.stdout.write(f"{fact.what}\n    {fact.found}\n    {fact.reason or 'NOT ALLOWED'}\n")


if __name__ == "__main__":
    main()
