"""One cell of a map played small and real: the experiment that plays it, and what the journal of that run testifies. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chaoskit.cascade.live.queued_world import ACTED_LEVEL, CAPACITY_LEVEL, LATE_LEVEL, LOAD_LEVEL
from chaoskit.cascade.map.grid import WATCHED_TIMEOUTS
from chaoskit.cascade.map.witnesses import REAL_RUN, Witness, look_s, warm_s
from chaoskit.cascade.system.model import System
from chaoskit.journal.events import CallFinished, CallStarted
from chaoskit.journal.levels import measured_levels
from chaoskit.journal.run import Run
from chaoskit.spread import Z_99, wilson
from chaoskit.units import SECOND

CALLERS = "callers"
MOST_TRIES_PER_S = 2000
"""More tries a second than this are not played: processes of one small machine would not keep up."""

MOST_LATE = 0.01
"""Where a larger share of a process's actions came late, the machine was busy and the run tells of that, not of the system."""


def warm_ns(system: System) -> int:
    """How long the system is played before its outage."""
    return round(warm_s(system) * SECOND)


def play_s(system: System) -> float:
    """How long a real run of ``system`` lasts, without its start."""
    return (warm_ns(system) + system.outage.for_ns + WATCHED_TIMEOUTS * system.longest_timeout_ns()) / SECOND


def most_tries_per_s(system: System) -> float:
    """The tries a second at all services together, if every call needed every try."""
    load = system.load_per_s * max(1.0, system.outage.load_times)
    tries = {service.name: 0.0 for service in system.order()}
    tries[system.callers.to] = load * system.callers.tries
    for service in system.order():
        for call in service.calls:
            tries[call.to] += tries[service.name] * call.tries
    return sum(tries.values())


def experiment_of(system: System, after_s: float, plain: dict[str, Any], seed: int) -> dict[str, Any]:
    """The experiment, as a file has it: one process for the callers and one for each service. ``plain``: ``system`` as plain data."""
    shared = {"system": plain, "warm": f"{warm_ns(system)}ns"}
    services = {
        f"service-{number}": {
            "use": "participant",
            "part": "queued_service",
            "settings": {"service": service.name, **shared},
        }
        for number, service in enumerate(system.order(), 1)
    }
    callers = {"use": "participant", "part": "queued_callers", "settings": shared}
    return {
        "title": system.title[:200],
        "question": "Is this system well again after its outage?",
        "seed": seed,
        "duration": f"{warm_ns(system) + system.outage.for_ns + round(after_s * SECOND)}ns",
        "clients": {**services, CALLERS: callers},
    }


def witness_of(system: System, after_s: float, run: Run) -> Witness:
    """What the journal says: *well* when at least half of the calls at the end of the watch were answered well, as in the simulation."""
    if silence := _why_not_heard(system, run):
        return Witness(REAL_RUN, None, 0, 1, f"not heard: {silence}")
    look = look_s(system, after_s)
    begins, ends = run.ends - round(look * SECOND), run.ends
    fresh = sum(event.client == CALLERS and begins <= event.at < ends for _, event in run.of(CallStarted))
    answered = [event for _, event in run.of(CallFinished) if event.client == CALLERS and begins <= event.at < ends]
    good = sum(event.result == "ok" for event in answered)
    if not fresh:
        return Witness(REAL_RUN, None, 0, 1, f"not heard: no call was made in the last {look:g} s of the watch")
    well = good >= 0.5 * fresh
    low, high = wilson(int(well), 1, Z_99)
    words = (
        f"{'well again' if well else 'not well'} in its one play: in the last {look:g} s of the watch {fresh} calls were made "
        f"and {good} were answered well"
    )
    return Witness(REAL_RUN, float(well), low, high, words)


def _why_not_heard(system: System, run: Run) -> str:
    """Why the journal tells nothing of the system; empty where it does."""
    if not _outage_was_seen(system, run):
        return "no part told that the outage began and ended"
    for client in run.clients:
        acted, late = (_last(run, client, level) for level in (ACTED_LEVEL, LATE_LEVEL))
        if acted is None or late is None:
            return f"the process {client} did not live to the end"
        if late > MOST_LATE * acted:
            return f"the machine was too busy: {late:.0f} of {acted:.0f} actions of {client} came later than half a time-out"
    return ""


def _outage_was_seen(system: System, run: Run) -> bool:
    outage = system.outage
    if outage.service is not None:
        service = [service.name for service in system.order()].index(outage.service) + 1
        if _values(run, f"service-{service}", CAPACITY_LEVEL) != [outage.capacity_left, 1.0]:
            return False
    return outage.load_times == 1.0 or _values(run, CALLERS, LOAD_LEVEL) == [1.0, outage.load_times, 1.0]


def _values(run: Run, client: str, level: str) -> Sequence[float]:
    return [event.value for _, event in measured_levels(run, client, level)]


def _last(run: Run, client: str, level: str) -> float | None:
    return next(iter(reversed(_values(run, client, level))), None)
