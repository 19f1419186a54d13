"""Collapses that outlast their cause: Bronson's database, a pause that never ends, SREGym's search, and the OSDI artefact's four rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaoskit.cascade.policies.back_off import BackOff
from chaoskit.cascade.results import Row
from chaoskit.cascade.system.events import Second, Simulation
from chaoskit.cascade.system.fluid import Fluid
from chaoskit.cascade.system.model import Call, Outage, Service, System
from chaoskit.units import MILLISECOND, SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

BRONSON = "Bronson et al., HotOS 2021"
PAUSE = "happy-simulator, gc_caused_collapse"
SREGYM = "SREGym, search_rate_retry_collapse"
OSDI = "Huang et al., OSDI 2022, artefact (MongoDB)"

ANY_QUEUE = "exponential service, a queue without limit, first in first out, abandoned work still served, the server stands still"


def rows() -> list[Row]:
    """All collapses."""
    return [*database_rows(), *pause_rows(), *burst_rows(), *cpu_rows()]


def database(load_per_s: float) -> System:
    """Bronson's: 300 a second, one retry after a second, and ten seconds in which nothing is served."""
    return System(
        title="a database whose clients retry once",
        load_per_s=load_per_s,
        callers=Call(to="database", timeout_ns=SECOND, tries=2),
        services={"database": Service(name="database", capacity_per_s=300)},
        outage=Outage(for_ns=10 * SECOND, service="database", capacity_left=0.0),
    )


def database_rows() -> list[Row]:
    """Bronson's database."""
    after = _after(Simulation(database(280), seed=1).run(122 * SECOND), "database", 60)
    rising = {load: _queue_rises(load) for load in (140, 160)}
    return [
        Row(
            source=BRONSON,
            what="280 a second after a blip of 10 s: offered a second",
            published=560,
            ours=after.offered,
            tolerance=0.03,
            assumed=ANY_QUEUE,
        ),
        Row(source=BRONSON, what="and answered well", published="none", ours="none" if after.good == 0 else "some"),
        Row(
            source=BRONSON,
            what="vulnerable above 150 a second: the backlog after the blip at 140 and at 160",
            published="falls, rises",
            ours=", ".join("rises" if rises else "falls" for rises in rising.values()),
            assumed=ANY_QUEUE,
        ),
    ]


def _queue_rises(load_per_s: float) -> bool:
    seconds = Simulation(database(load_per_s), seed=1).run(122 * SECOND)
    return seconds[120].waiting["database"] > seconds[40].waiting["database"]


def paused() -> System:
    """The peer's example: 7 calls a second at equal distances, 10 served, one pause of a second."""
    return System(
        title="a pause of one second",
        load_per_s=7,
        callers=Call(
            to="server",
            timeout_ns=500 * MILLISECOND,
            tries=4,
            back_off=BackOff(base_ns=50 * MILLISECOND, cap_ns=50 * MILLISECOND, jitter="none"),
        ),
        services={"server": Service(name="server", capacity_per_s=10, law="constant")},
        outage=Outage(for_ns=SECOND, service="server", capacity_left=0.0),
    )


def pause_rows() -> list[Row]:
    """The pause that never ends."""
    simulation = Simulation(paused(), seed=1, outage_at_ns=30 * SECOND, regular=True)
    after = _after(simulation.run(182 * SECOND), "server", 60)
    return [
        Row(
            source=PAUSE,
            what="70 % load, a pause of 1 s, time-out 500 ms, 3 retries",
            published="never recovers",
            ours="never recovers" if after.good == 0 else "recovers",
            assumed="a late answer to an earlier try is ignored; there it ends a call that is being tried again",
        )
    ]


def search() -> System:
    """SREGym's path from search to rate, with its own figures."""
    return System(
        title="search asks for rates",
        load_per_s=8,
        callers=Call(
            to="rate",
            timeout_ns=750 * MILLISECOND,
            tries=3,
            back_off=BackOff(base_ns=50 * MILLISECOND, cap_ns=SECOND, jitter="equal"),
        ),
        services={"rate": Service(name="rate", capacity_per_s=20, queue=256, law="constant")},
        outage=Outage(for_ns=10 * SECOND, load_times=5.0),
    )


def burst_rows() -> list[Row]:
    """The burst that never ends."""
    seconds = Simulation(search(), seed=1, outage_at_ns=20 * SECOND, regular=True).run(78 * SECOND)
    middle, last = seconds[50], seconds[75]
    after = _after(seconds, "rate", 25)
    holds = (
        last.waiting["rate"] >= 20
        and last.waiting["rate"] + 5 >= middle.waiting["rate"]
        and after.offered / after.fresh >= 2.0
        and after.good / after.fresh <= 0.5
    )
    return [
        Row(
            source=SREGYM,
            what="8 a second, 40 for 10 s, 20 served, queue 256, 750 ms, 3 tries: its own four conditions of a collapse",
            published="all hold",
            ours="all hold" if holds else "not all hold",
            assumed="a full queue's refusal is retried too; constant service; equal jitter for its ± 20 %",
        )
    ]


def mongo(capacity_left: float, seconds: float) -> System:
    """The artefact's: time-out 3 s, five tries without a sleep, and a CPU limit of 2 lowered for a while; capacity as CPU."""
    return System(
        title="MongoDB with less CPU for a while",
        load_per_s=1,
        callers=Call(to="primary", timeout_ns=3 * SECOND, tries=5),
        services={"primary": Service(name="primary", capacity_per_s=10_000)},
        outage=Outage(for_ns=round(seconds * SECOND), service="primary", capacity_left=capacity_left),
    )


def loads_that_fit() -> NDArray[Any]:
    """The shares of its full capacity at which all four rows come out as published."""
    import numpy as np

    shares = np.arange(0.20, 1.0, 0.005)

    def collapses(capacity_left: float, seconds: float, scale: float) -> NDArray[Any]:
        loads = shares * scale * 10_000
        outcome, _ = Fluid(mongo(capacity_left, seconds), loads, np.full(len(loads), seconds)).run(150.0)
        never: NDArray[Any] = ~outcome.well & (outcome.drift > -0.005)
        return never

    fits = ~collapses(0.225, 10, 1.0) & collapses(0.20, 10, 1.0) & ~collapses(0.20, 9, 1.0) & ~collapses(0.20, 10, 0.7)
    fitting: NDArray[Any] = shares[fits]
    return fitting


def cpu_rows() -> list[Row]:
    """The four rows of the artefact, as one: whether there is a load at which all hold."""
    fits = loads_that_fit()
    ours = "at none"
    if len(fits):
        ours = "at some load"
    where = f"it holds from {fits[0]:.1%} to {fits[-1]:.1%} of full capacity" if len(fits) else "no load was found"
    return [
        Row(
            source=OSDI,
            what="CPU -78 % 10 s recovers, -80 % 10 s collapses, -80 % 9 s recovers, -80 % 10 s at -30 % load recovers",
            published="at some load",
            ours=ours,
            assumed=f"capacity as CPU, {ANY_QUEUE.rsplit(',', 1)[0]}; the source tunes its load by hand: {where}",
        )
    ]


@dataclass(frozen=True, slots=True)
class _Mean:
    fresh: float
    offered: float
    good: float


def _after(seconds: list[Second], service: str, last: int) -> _Mean:
    """Means over the ``last`` whole seconds."""
    window = seconds[-1 - last : -1]
    return _Mean(
        sum(each.fresh for each in window) / last,
        sum(each.offered.get(service, 0) for each in window) / last,
        sum(each.good for each in window) / last,
    )
