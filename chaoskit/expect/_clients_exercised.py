"""``clients_exercised``: the guard that each client the expectations speak of met a fault. A file cannot list it.

An expectation that is kept by a client which met nothing says nothing of what the fault does to it. One that is meant so says
``unaffected: true``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaoskit.expect import Expectation
from chaoskit.expect._findings import Part, combine
from chaoskit.journal.run import Run
from chaoskit.verdict import Verdict


def judged_clients(run: Run, expectations: Sequence[Any]) -> tuple[str, ...]:
    """The clients that ``expectations`` judge under a fault: each named one, and all where one speaks of every client."""
    judged: set[str] = set()
    for expectation in expectations:
        if not hasattr(expectation, "unaffected") or expectation.unaffected:
            continue
        if getattr(expectation, "phase", None) == "baseline":
            continue
        judged |= {expectation.client} if expectation.client is not None else set(run.callers)
    return tuple(client for client in run.clients if client in judged)


@dataclass(frozen=True, slots=True)
class ClientsExercised(Expectation):
    """Each of ``clients`` met a fault: a lookup, a connection, a request, a call in trouble or its process shows it."""

    clients: tuple[str, ...]

    def judge(self, run: Run) -> Verdict:
        return combine("clients_exercised", [_part(run, client) for client in self.clients])


def _part(run: Run, client: str) -> Part:
    exposures = run.exposures(client)
    if exposures:
        return Part("held", f"{client} met {', '.join(sorted(exposures))}")
    return Part("broken", f"{client} is judged and met no fault; if that is meant, write unaffected: true")
