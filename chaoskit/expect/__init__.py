"""Expectations, one file each: pure judges of a run's journal. The file's name is the key in YAML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Protocol

from chaoskit.journal.events import ContainersWatched, RunEnded
from chaoskit.journal.run import Run
from chaoskit.registry import Registry, kind_of
from chaoskit.verdict import Verdict

EXPECTATIONS = Registry(__name__)

GUARDS = ("canary_resolves", "fault_exercised")
"""Judged in every run, listed or not: without them no other finding means anything.

``containers_stay_up`` is judged so where containers were watched.
"""


class Expectation(Protocol):
    """What every file under ``expect/`` holds: a frozen dataclass of limits, and one method."""

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def judge(self, run: Run) -> Verdict:
        """The verdict, with measured figures and the ``seq`` of the events that show it."""


def judge(run: Run, expectations: Sequence[Expectation]) -> tuple[Verdict, ...]:
    """A verdict for the harness, for each guard that is not listed, and for each of ``expectations``, in this order.

    Where something is not held on a machine that was too busy to say whose doing it is, the harness is broken.

    A ``fault_exercised`` of one injection stands beside the guard of all of them, and does not take its place.

    A checker that crashes gives *unknown* and names its exception: never a pass, and never the loss of the other verdicts.
    """
    from chaoskit.expect._clients_exercised import ClientsExercised, judged_clients
    from chaoskit.expect._harness import Harness
    from chaoskit.expect._not_aborted import NotAborted
    from chaoskit.expect._starved import blame_machine

    whole = {_kind(expectation) for expectation in expectations if getattr(expectation, "injection", None) is None}
    kinds = [*GUARDS, *(["containers_stay_up"] if run.of(ContainersWatched) else [])]
    guards = [EXPECTATIONS.get(kind)() for kind in kinds if kind not in whole]
    if run.episodes and (clients := judged_clients(run, expectations)):
        guards.append(ClientsExercised(clients))
    if any(ending.aborted for _, ending in run.of(RunEnded)):
        guards.insert(0, NotAborted())
    return blame_machine(run, [_judged(expectation, run) for expectation in [Harness(), *guards, *expectations]])


def _kind(expectation: Expectation) -> str:
    return kind_of(expectation).lstrip("_")


def _judged(expectation: Expectation, run: Run) -> Verdict:
    kind = _kind(expectation)
    try:
        return replace(expectation.judge(run), kind=kind)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding about the checker
        because = f"the checker crashed, so nothing was judged: {type(error).__name__}: {error}"
        return Verdict(expectation=kind, finding="unknown", because=because, kind=kind)
