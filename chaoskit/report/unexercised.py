"""What a run did not exercise: which fault met nothing, why as far as the journal shows, and what would exercise it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chaoskit.clock import Instant
from chaoskit.dns.target import DnsTarget
from chaoskit.journal.events import ConnectionOpened, InjectionPlanned, RequestArrived
from chaoskit.journal.run import Run
from chaoskit.journal.stored import instants_of
from chaoskit.report.figures import ClientFigures
from chaoskit.report.words import plural
from chaoskit.units import SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexercised:
    """``what`` met nothing: ``why``, and what to change so that it would (``remedy``)."""

    what: str
    why: str
    remedy: str


def unexercised(run: Run, figures: Sequence[ClientFigures]) -> tuple[Unexercised, ...]:
    """The injections that met nothing, and the clients that made no call in a fault."""
    rows = [_injection(run, planned) for planned in run.injections if not run.met(planned.injection)]
    if run.fault_spans:
        rows += [_client(run, client) for client in figures if client.fate == "untested"]
    return tuple(rows)


def _injection(run: Run, planned: InjectionPlanned) -> Unexercised:
    what = f"{planned.injection}: {planned.fault} on {planned.where}"
    if not any(start < end and start < run.ends for start, end in planned.spans):
        why = "None of its windows lay within the run."
        return Unexercised(what=what, why=why, remedy="Let it begin earlier, or let the run last longer.")
    explained = {"dns": _of_dns, "network": _of_network, "aws": _of_service}.get(planned.plane, _of_process)
    why, remedy = explained(run, planned)
    if planned.optional:
        why += " It is optional, so the run counts all the same."
    return Unexercised(what=what, why=why, remedy=remedy)


def _of_dns(run: Run, planned: InjectionPlanned) -> tuple[str, str]:
    fields: dict[str, Any] = {
        "except_" if key == "except" else key: tuple(value) if isinstance(value, list) else value
        for key, value in planned.target.items()
    }
    try:
        target = DnsTarget(**fields)
    except (TypeError, ValueError):
        return "The journal does not say which names it was aimed at.", "Play the experiment again with this chaoskit."
    asked = [query.at for _, query in run.queries if query.asker in run.clients and target.covers(query.name)]
    inside = sum(_within(planned, at) for at in asked)
    if not asked:
        return (
            "No client asked for the name at any time in the run.",
            "Name what the clients do ask for (the lane of DNS lookups shows it), or a client that calls this service.",
        )
    if not inside:
        return (
            f"The name was asked for {plural(len(asked), 'time')}, but never while the fault was on: open connections and caches "
            "need no lookup.",
            "Let a client dial for each call (connection: cold), close its connections in the window (the toxic recycle), or let "
            "the fault last longer than the record's TTL.",
        )
    return (
        f"{plural(inside, 'query', 'queries')} for the name came in its window, and none was changed: another type, asker or count, or the "
        f"dice (chance {planned.chance:g}).",
        "Widen types, clients, share, first and every, raise the chance, or choose a fault that changes this answer.",
    )


def _of_network(run: Run, planned: InjectionPlanned) -> tuple[str, str]:
    opened = instants_of(run.entries, ConnectionOpened)
    inside = sum(_within(planned, at) for at in opened)
    if not opened:
        return (
            "No connection reached the proxy at any time.",
            "Check that a client calls the service behind this proxy.",
        )
    return (
        f"{plural(len(opened), 'connection')} were opened in the run, {inside} of them in the window, and none is known to have met it.",
        "Aim it at a service that is called in the window, at all its addresses, in the direction in which bytes flow.",
    )


def _of_service(run: Run, planned: InjectionPlanned) -> tuple[str, str]:
    arrived = [event for _, event in run.of(RequestArrived)]
    inside = sorted({f"{event.service} {event.operation}" for event in arrived if _within(planned, event.at)})
    if not inside:
        return (
            f"No request arrived while it was on ({len(arrived)} in the whole run).",
            "Let a client call in the window: a DNS fault that is on at the same time keeps calls from arriving.",
        )
    return (
        f"What arrived in its window was {', '.join(inside[:5])}, and none of it was changed.",
        "Name the service and operation that clients call, or raise the chance.",
    )


def _of_process(run: Run, planned: InjectionPlanned) -> tuple[str, str]:
    return (
        "No event shows that the process was touched, or that a call was under way meanwhile.",
        "Let the window fall into the time of calls, and name a process of this run.",
    )


def _client(run: Run, client: ClientFigures) -> Unexercised:
    start, end = run.fault_spans[0][0], run.fault_spans[-1][1]
    length = (end - start) / SECOND
    return Unexercised(
        what=f"client {client.name}",
        why=f"It made no call while a fault was on ({client.calls} in the whole run).",
        remedy=f"Let it call more often than every {length:g} s, or let the fault last longer.",
    )


def _within(planned: InjectionPlanned, at: Instant) -> bool:
    return any(start <= at < end for start, end in planned.spans)
