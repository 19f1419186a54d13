"""Runs that were never made: stored like real ones, with the outcome that a test wants."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chaoskit.search.points import FinishedRun, RunFunction, RunRequest, finished_run
from chaoskit.search.store import Store

CODES = {"passed": 0, "failed": 1, "not exercised": 3, "invalid": 4}


def summary(outcome: str) -> dict[str, Any]:
    """As much of a summary as searches read."""
    client = {
        "versions": {"botocore": "1.44.5"},
        "calls": {"all": 8, "ok": 6, "failed": 2, "unknown": 0},
        "phases": {"fault": {"calls": 4, "ok": 2, "failed": 2, "unknown": 0, "share_ok": 0.5}},
        "attempts": 9,
        "longest_call": {"elapsed_ns": 1_500_000_000},
        "gap_ns": None,
        "lookups": {"all": 9, "in_fault": 4, "empty_in_fault": 4},
        "pooled": {"calls": 0, "of": 6},
        "errors": [{"type": "EndpointConnectionError", "errno": -5, "count": 2}],
        "recovery": {"noticed": True, "lag_ns": 20_000_000},
    }
    return {
        "run": {"versions": {"chaoskit": "0", "docker": "not installed"}, "seed": 1},
        "outcome": {"word": outcome, "exit_code": CODES[outcome], "because": ["As the test wants."]},
        "verdicts": [
            {"expectation": "success_rate app", "finding": "held" if outcome == "passed" else "broken", "because": "so"}
        ],
        "clients": {"app": client},
    }


def store_run(folder: Path, outcome: str) -> FinishedRun:
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps(summary(outcome)))
    return finished_run(folder)


def making(store: Store, outcome_of: Callable[[str, RunRequest], str], seen: list[str] | None = None) -> RunFunction:
    async def make(name: str, order: RunRequest) -> FinishedRun:
        if seen is not None:
            seen.append(name)
        return store_run(store.run(name), outcome_of(name, order))

    return make
