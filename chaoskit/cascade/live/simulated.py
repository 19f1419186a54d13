"""The simulated driver of the lease manager: the same manager in virtual time, with a store that answers after a fixed time."""

from __future__ import annotations

from chaoskit.cascade.live.workflow import Done, Workflow, WorkflowSettings
from chaoskit.clock import Instant
from chaoskit.sim.heap import EventHeap


class SimulatedLeases:
    """Leases in memory. Each read and write takes ``latency_ns``, and fails if it begins in the ``outage`` (from, to)."""

    def __init__(self, heap: EventHeap, *, latency_ns: int, outage: tuple[Instant, Instant]) -> None:
        self._heap, self._latency_ns, self._outage = heap, latency_ns, outage
        self._generations: dict[int, int] = {}

    @property
    def _reached(self) -> bool:
        return not self._outage[0] <= self._heap.now < self._outage[1]

    def read(self, droplet: int, done: Done) -> None:
        """See ``LeaseStore``."""
        reached = self._reached
        self._heap.at(self._heap.now + self._latency_ns, lambda: done(reached))

    def write(self, droplet: int, expires: Instant, generation: int, done: Done) -> None:
        """See ``LeaseStore``."""
        reached = self._reached

        def written() -> None:
            well = reached and self._generations.get(droplet, 0) <= generation
            if well:
                self._generations[droplet] = generation
            done(well)

        self._heap.at(self._heap.now + self._latency_ns, written)


def play_workflow(
    settings: WorkflowSettings, *, outage: tuple[Instant, Instant], length_ns: int, latency_ns: int, seed: int
) -> list[tuple[Instant, str, float]]:
    """The manager's levels (instant, name, value) in order; equal arguments give equal levels."""
    heap = EventHeap()
    levels: list[tuple[Instant, str, float]] = []
    store = SimulatedLeases(heap, latency_ns=latency_ns, outage=outage)
    Workflow(settings, heap, store, seed, lambda name, value: levels.append((heap.now, name, value))).begin()
    heap.run(length_ns)
    return levels
