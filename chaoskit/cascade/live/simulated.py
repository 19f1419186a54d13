"""The simulated driver of the lease manager: the same manager in virtual time, with a store that answers after a given time."""

from __future__ import annotations

from collections.abc import Callable

from chaoskit.cascade.live.workflow import Done, Workflow, WorkflowSettings
from chaoskit.clock import Instant
from chaoskit.sim.heap import EventHeap


class SimulatedLeases:
    """Leases in memory. Each read and write takes what ``latency_ns`` says, and fails if it begins in the ``outage`` (from, to).

    ``expires`` is what was written last of each droplet.
    """

    def __init__(self, heap: EventHeap, *, latency_ns: Callable[[], int], outage: tuple[Instant, Instant]) -> None:
        self._heap, self._latency_ns, self._outage = heap, latency_ns, outage
        self._generations: dict[int, int] = {}
        self.expires: dict[int, Instant] = {}

    @property
    def reached(self) -> bool:
        """Whether the store can be reached now."""
        return not self._outage[0] <= self._heap.now < self._outage[1]

    def read(self, droplet: int, done: Done) -> None:
        """See ``LeaseStore``."""
        reached = self.reached
        self._heap.at(self._heap.now + self._latency_ns(), lambda: done(reached))

    def write(self, droplet: int, expires: Instant, generation: int, done: Done) -> None:
        """See ``LeaseStore``."""
        reached = self.reached

        def written() -> None:
            well = reached and self._generations.get(droplet, 0) <= generation
            if well:
                self._generations[droplet], self.expires[droplet] = generation, expires
            done(well)

        self._heap.at(self._heap.now + self._latency_ns(), written)


def play_workflow(
    settings: WorkflowSettings, *, outage: tuple[Instant, Instant], length_ns: int, latency_ns: int, seed: int
) -> list[tuple[Instant, str, float]]:
    """The manager's levels (instant, name, value) in order; equal arguments give equal levels."""
    heap = EventHeap()
    levels: list[tuple[Instant, str, float]] = []
    store = SimulatedLeases(heap, latency_ns=lambda: latency_ns, outage=outage)
    Workflow(settings, heap, store, seed, lambda name, value: levels.append((heap.now, name, value))).begin()
    heap.run(length_ns)
    return levels
