"""``fault_exercised``: the fault met what it was aimed at. A fault that nothing met has tested nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from chaoskit.expect import Expectation
from chaoskit.expect._findings import Part, combine
from chaoskit.expect._remedies import remedy
from chaoskit.journal.events import (
    ConnectionClosed,
    HandshakesDropped,
    InjectionPlanned,
    PlaneReady,
    QueryAnswered,
    RequestAnswered,
)
from chaoskit.journal.run import Run
from chaoskit.verdict import Verdict


@dataclass(frozen=True, slots=True)
class FaultExercised(Expectation):
    """Every planned injection, or only ``injection``, has shaped at least one query, connection or request as its client saw it.

    One that another fault hid, or that is too small to be felt, has not.
    One that the file marks ``optional`` may meet nothing.
    """

    injection: str | None = None

    def judge(self, run: Run) -> Verdict:
        title = "fault_exercised" + (f" {self.injection}" if self.injection else "")
        planned = [injection for injection in run.injections if self.injection in (None, injection.injection)]
        if not planned and self.injection is not None:
            because = f"no injection {self.injection!r} was planned"
            return Verdict(expectation=title, finding="unknown", because=because)
        if not planned and run.header.experiment.get("timeline"):
            because = "the run ended before its first fault was due, so none was met"
            return Verdict(expectation=title, finding="unknown", because=because)
        if not planned:
            return Verdict(expectation=title, finding="broken", because="no fault was planned, so none was met")
        return combine(title, [_part(run, injection) for injection in planned])


def _part(run: Run, planned: InjectionPlanned) -> Part:
    met = run.met(planned.injection)
    if not met and planned.optional:
        return Part("held", f"{planned.injection} met nothing, and is optional")
    if not met:
        because = f"{planned.injection} met no query, no connection and no request: nothing was tested"
        reason = _in_vain(run, planned) or remedy(run, planned)
        return Part("broken", because + reason + _unless(run, planned), tuple(_unseen(run, planned)[:2]))
    changed = run.changed.get(planned.injection, [])
    askers = Counter(asker for _, asker in changed if asker is not None)
    connections = {connection for _, connection in run.connections_met(planned.injection)}
    counts = [f"{askers.total()} {'queries' if askers.total() > 1 else 'query'}"] if askers else []
    counts += [f"{len(connections)} connection{'s' if len(connections) > 1 else ''}"] if connections else []
    requests = sum(asker is None for _, asker in changed)
    counts += [f"{requests} request{'s' if requests > 1 else ''}"] if requests else []
    packets = sum(event.packets for _, event in run.of(HandshakesDropped) if event.toxic == planned.injection)
    counts += [f"{packets} packets that would open a connection, which the kernel dropped"] if packets else []
    if planned.plane == "process":
        counts = [
            f"{planned.where}, as {len(met)} event{'s' if len(met) > 1 else ''} show{'' if len(met) > 1 else 's'}"
        ]
    counts = counts or [f"connections, as {len(met)} event{'s' if len(met) > 1 else ''} of clients and service prove"]
    because = f"{planned.injection} met {' and '.join(counts)}"
    if askers:
        because += " (" + ", ".join(f"{asker} {count}" for asker, count in askers.items()) + ")"
    # Connections do not name their client, so only a DNS fault can say whom it missed.
    missed = [client for client in run.clients if client not in askers] if planned.plane == "dns" else []
    if missed:
        because += f"; never met by {', '.join(missed)}"
    return Part("held", because, (*met[:2], *met[2:][-1:]))


def _unseen(run: Run, planned: InjectionPlanned) -> list[int]:
    """``seq`` of the queries, connections and requests on which the injection acted, and nobody saw it."""
    kinds: tuple[type[QueryAnswered | RequestAnswered | ConnectionClosed], ...] = (
        QueryAnswered, RequestAnswered, ConnectionClosed,
    )  # fmt: skip
    unseen = [seq for kind in kinds for seq, event in run.of(kind) if planned.injection in event.unseen]
    if not run.swallowed:
        return unseen
    answers = [(seq, event) for seq, event in run.of(RequestAnswered) if event.request in run.swallowed]
    return unseen + [seq for seq, event in answers if planned.injection in event.faults]


def _in_vain(run: Run, planned: InjectionPlanned) -> str:
    """What became of an injection that acted, and that nobody saw."""
    times = len(_unseen(run, planned))
    counted = f"{times} time{'s' if times > 1 else ''}"
    return (
        f"; it acted {counted}, and nobody saw it: another fault hid it, or it delays by less than 1 ms"
        if times
        else ""
    )


def _unless(run: Run, planned: InjectionPlanned) -> str:
    """What keeps the journal from showing more."""
    if planned.plane == "network" and any(ready.silent for _, ready in run.of(PlaneReady)):
        return (
            ", as far as is known: of a connection that was open before, Toxiproxy does not tell whether a toxic met it"
        )
    return ""
