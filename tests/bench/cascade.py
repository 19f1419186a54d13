"""``python -m tests.bench.cascade``: what the cascade's simulations cost. About five minutes; ``--quick`` leaves the largest fleets out.

The fleet: droplets × 15 hours, each size in a process of its own, so that its memory is its own. The event-by-event engine: M/M/1 at 80 %
load. A Python peer (happy-simulator) runs the same queue beside it where it is installed. Times are CPU-seconds of one process.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import multiprocessing
import random
import resource
import sys
import time
from typing import Any

from chaoskit.cascade.day.fleet import Settings, play_fleet
from chaoskit.cascade.map.grid import draw_grid
from chaoskit.cascade.system.events import Simulation
from chaoskit.cascade.system.model import Call, Outage, Service, System
from chaoskit.sim.heap import EventHeap
from chaoskit.units import SECOND

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
MOST_SECONDS, MOST_MB = 30.0, 1024
EVENTS = 1_000_000
LEAST_EVENTS_PER_S = 700_000


def fleet_settings(hosts: int) -> Settings:
    """A draw from the middle of the accepted ones."""
    return Settings(
        hosts=hosts,
        lease_s=260 * 60,
        full_release_s=57 * 60,
        time_out_s=60,
        retry_s=180,
        throttle=0.46,
        network_ratio=0.906,
        launch_ratio=0.21,
        record_back_s=157 * 60,
        throttled_s=266 * 60,
        relax_delay_s=47 * 60,
    )


def fleet_cost(hosts: int) -> tuple[int, float, int]:
    """(hosts, CPU-seconds, MB)."""
    began = time.process_time()
    play_fleet(fleet_settings(hosts), 1)
    return hosts, time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def bare_queue(events: int) -> float:
    """M/M/1 on the event heap alone: events a CPU-second."""
    import numpy as np

    heap, rng = EventHeap(), np.random.default_rng(1)
    gaps = iter((rng.exponential(1 / 0.8, events // 2 + 1) * SECOND).astype(np.int64).tolist())
    services = iter((rng.exponential(1.0, events // 2 + 1) * SECOND).astype(np.int64).tolist())
    waiting = happened = 0

    def arrive() -> None:
        nonlocal waiting, happened
        happened += 1
        gap = next(gaps, None)
        if gap is not None:
            heap.at(heap.now + gap, arrive)
        waiting += 1
        if waiting == 1:
            heap.at(heap.now + next(services, 0), leave)

    def leave() -> None:
        nonlocal waiting, happened
        happened += 1
        waiting -= 1
        if waiting:
            heap.at(heap.now + next(services, 0), leave)

    began = time.process_time()
    heap.at(next(gaps), arrive)
    heap.run()
    return happened / (time.process_time() - began)


def whole_system(seconds: int) -> float:
    """The same queue as a system with callers, tries and time-outs: events (arrival, answer, time-out) a CPU-second."""
    system = System(
        title="M/M/1",
        load_per_s=800,
        callers=Call(to="service", timeout_ns=SECOND),
        services={"service": Service(name="service", capacity_per_s=1000)},
        outage=Outage(for_ns=SECOND),
    )
    began = time.process_time()
    played = Simulation(system, seed=1).run(seconds * SECOND)
    return 3 * sum(second.fresh for second in played) / (time.process_time() - began)


def map_cost() -> float:
    """CPU-seconds of a 100 × 100 map of a small system."""
    system = System(
        title="small",
        load_per_s=6,
        callers=Call(to="service", timeout_ns=2 * SECOND, tries=2),
        services={"service": Service(name="service", capacity_per_s=10, queue=60)},
        outage=Outage(for_ns=10 * SECOND, service="service", capacity_left=0.0),
    )
    began = time.process_time()
    draw_grid(system, size=100)
    return time.process_time() - began


def peer_words() -> str:
    """The same queue in happy-simulator (``pip install happysim``, Python 3.13 or newer), where it is installed here."""
    if importlib.util.find_spec("happysimulator") is None:
        return "happy-simulator is not installed here (it wants Python 3.13), so it is not run beside it; its own figure: 134,580"
    events, customers = peer_queue(60.0)
    return f"happy-simulator: {events:,.0f} events a CPU-second by its own count, {customers:,.0f} customers"


def peer_queue(seconds: float) -> tuple[float, float]:
    """M/M/1 at 80 % load in the peer: events a CPU-second, by its own count, and customers."""
    peer = importlib.import_module("happysimulator")
    resource_class: Any = importlib.import_module("happysimulator.components.queued_resource").QueuedResource
    policy: Any = peer.FIFOQueue
    rng = random.Random(1)

    def serve(self: Any, event: Any) -> Any:
        yield rng.expovariate(1000)
        return [peer.Event(time=self.now, event_type="Done", target=self.downstream)]

    server_class = type("Server", (resource_class,), {"handle_queued_event": serve})
    sink, server = peer.Sink(), server_class("server", policy=policy())
    server.downstream = sink
    source = peer.Source.poisson(rate=800, target=server)
    end = peer.Instant.from_seconds(seconds)
    simulation = peer.Simulation(sources=[source], entities=[server, sink], end_time=end)
    began = time.process_time()
    events: int = simulation.run().total_events_processed
    spent = time.process_time() - began
    return events / spent, 800 * seconds / spent


def say(line: str) -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    sizes = SIZES[:-2] if parser.parse_args().quick else SIZES
    say("| droplets × 15 h | CPU, s | µs a droplet | memory, MB | target |")
    say("| ---: | ---: | ---: | ---: | --- |")
    context = multiprocessing.get_context("spawn")
    for size in sizes:
        with context.Pool(1) as pool:
            hosts, seconds, megabytes = pool.apply(fleet_cost, (size,))
        met = "met" if seconds < MOST_SECONDS and megabytes < MOST_MB else "NOT MET"
        target = f"under {MOST_SECONDS:.0f} s and {MOST_MB:,} MB: {met}" if size == 1_000_000 else ""
        say(f"| {hosts:,} | {seconds:.1f} | {seconds / hosts * 1e6:.1f} | {megabytes:,} | {target} |")
    say("")
    rate = bare_queue(EVENTS)
    met = "met" if rate >= LEAST_EVENTS_PER_S else "NOT MET"
    say(
        f"M/M/1 on the event heap: {rate:,.0f} events a CPU-second (at least {LEAST_EVENTS_PER_S:,}: {met}), {rate / 2:,.0f} customers"
    )
    say(f"M/M/1 as a system with callers and time-outs: {whole_system(150):,.0f} events a CPU-second")
    say(peer_words())
    say(f"a map of 100 × 100 cells of a small system: {map_cost():.1f} CPU-seconds (under 10)")


if __name__ == "__main__":
    main()
