"""The simulated driver of leases, launches, network and balancer together, by the policies that the real parts hold.

What takes time in the real (a call to DynamoDB or EC2) takes here what a call of the real run took, drawn from all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaoskit.aws.ec2.placement import Placement
from chaoskit.cascade.draws import Stream, base_key
from chaoskit.cascade.live.parts.balancer import Balancer
from chaoskit.cascade.live.parts.droplets import Droplets
from chaoskit.cascade.live.parts.launches import Launches
from chaoskit.cascade.live.parts.network import FLIP_NS, POLL_NS, TICK_NS, Network
from chaoskit.cascade.live.simulated import SimulatedLeases
from chaoskit.cascade.live.workflow import Workflow
from chaoskit.cascade.policies.back_off import FAILED as TRY_FAILED
from chaoskit.cascade.policies.back_off import BackOff
from chaoskit.cascade.policies.back_off import State as Sleeping
from chaoskit.cascade.policies.queue import Offer, Queue
from chaoskit.clock import Instant
from chaoskit.sim.heap import EventHeap
from chaoskit.units import SECOND

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The parts with their settings. Instants count from the run's origin; ``per_droplet`` is EC2's placement.

    ``labels`` are the names that the parts have in the experiment, by which the real ones draw.
    """

    droplets: Droplets
    launches: Launches | None
    network: Network | None
    balancer: Balancer | None
    labels: dict[str, str]
    per_droplet: int
    begins: Instant
    outage: tuple[Instant, Instant]
    ends: Instant
    seed: int
    database_ns: Sequence[int]
    ec2_ns: Sequence[int]


def play_world(world: World) -> dict[str, list[Point]]:
    """The levels by name, each as (second, value); ``launches`` counts those that EC2 has made so far. Equal worlds give equal levels."""
    return _Play(world).play()


class _Play:
    """One play."""

    def __init__(self, world: World) -> None:
        self._world, self._heap = world, EventHeap(world.begins)
        self._levels: dict[str, list[Point]] = {}
        self._latency_draws = Stream(base_key(world.seed, "latencies"), 0)
        self._store = SimulatedLeases(self._heap, latency_ns=self._latency(world.database_ns), outage=world.outage)
        self._workflow = Workflow(world.droplets, self._heap, self._store, world.seed, self._level)
        self._placement = Placement(world.per_droplet)
        self._launched: list[str] = []
        self._changes: deque[str] = deque()
        self._seen = 0
        self._programmed: set[str] = set()
        self._passing: dict[str, bool] = {}

    def _latency(self, measured: Sequence[int]) -> Callable[[], int]:
        return lambda: measured[int(self._latency_draws.random() * len(measured))] if measured else 0

    def _level(self, name: str, value: float) -> None:
        self._levels.setdefault(name, []).append((self._heap.now / SECOND, value))

    def play(self) -> dict[str, list[Point]]:
        """Everything until the end."""
        world = self._world
        self._workflow.begin()
        if world.launches is not None:
            self._level("launches", 0)
            for number in range(1, world.launches.most + 1):
                due = world.launches.lead + (number - 1) * world.launches.every
                if world.begins <= due < world.ends:
                    self._heap.at(due, self._customer(world.launches, number, due))
        if world.network is not None:
            self._run_network(world.network)
        if world.balancer is not None:
            self._run_balancer(world.balancer)
        self._heap.run(world.ends)
        return self._levels

    def _customer(self, settings: Launches, number: int, due: Instant) -> Callable[[], None]:
        """One launch, tried until it works or patience ends."""
        label = self._world.labels.get("launches", "launches")
        draws = Stream(base_key(self._world.seed, f"{label} launch"), number)
        policy = BackOff(base_ns=settings.back_off, cap_ns=8 * settings.back_off)
        latency = self._latency(self._world.ec2_ns)

        def answered(sleeping: Sleeping[int]) -> None:
            leases = {f"droplet-{droplet:03d}": expires for droplet, expires in self._store.expires.items()}
            droplets = self._placement.place(1, leases, self._heap.now)
            if droplets is not None:
                instance = f"instance-{number:03d}"
                self._placement.launched([instance], droplets)
                self._launched.append(instance)
                self._level("launches", len(self._launched))
            elif self._heap.now < due + settings.patience:
                after, sleep = policy.step(sleeping, TRY_FAILED, self._heap.now, draws)
                self._heap.at(self._heap.now + sleep, lambda: ask(after))

        def ask(sleeping: Sleeping[int]) -> None:
            self._heap.at(self._heap.now + latency(), lambda: answered(sleeping))

        return lambda: ask(policy.initial())

    def _every(self, period_ns: int, action: Callable[[], None]) -> None:
        def again() -> None:
            action()
            self._heap.at(self._heap.now + period_ns, again)

        self._heap.at(self._heap.now, again)

    def _run_network(self, settings: Network) -> None:
        policy = Queue()
        draws = Stream(base_key(self._world.seed, "changes"), 0)
        flips = Stream(base_key(self._world.seed, f"{self._world.labels.get('network', 'network')} paths"), 0)
        state, leased, due = policy.initial(), False, 0.0

        def poll() -> None:
            nonlocal leased
            held = sum(expires > self._heap.now for expires in self._store.expires.values())
            leased = self._store.reached and held >= settings.leases
            self._changes.extend(self._launched[self._seen :])
            self._seen = len(self._launched)

        def tick() -> None:
            nonlocal state, due
            due += settings.arriving_per_s * TICK_NS / SECOND
            self._changes.extend([""] * int(due))
            due -= int(due)
            arriving = len(self._changes) - state.waiting
            capacity = settings.able_per_s * TICK_NS / SECOND if leased else 0.0
            state, flow = policy.step(state, Offer(arriving, capacity), self._heap.now, draws)
            for _ in range(int(flow.served)):
                if instance := self._changes.popleft():
                    self._programmed.add(instance)
            self._level("network backlog", len(self._changes))
            self._level("instances connected", settings.existing + len(self._programmed))

        def flip() -> None:
            for instance in self._changes:
                if instance:
                    self._passing[instance] = flips.random() < 0.5

        self._every(POLL_NS, poll)
        self._every(TICK_NS, tick)
        self._every(FLIP_NS, flip)

    def _run_balancer(self, settings: Balancer) -> None:
        checks = settings.checks(Stream(base_key(self._world.seed, "health"), 0))
        for number in range(settings.existing):
            checks.add(f"existing-{number}", 0)

        def find() -> None:
            for instance in self._launched:
                checks.add(instance, self._heap.now)

        def passes(target: str) -> bool:
            new = target.startswith("instance-") and target not in self._programmed
            return self._passing.get(target, False) if new else True

        def check() -> None:
            checks.end_round({target: passes(target) for target in checks.targets}, self._heap.now)
            self._level("targets in service", sum(map(checks.serves, checks.targets)))

        self._every(POLL_NS, find)
        self._every(settings.every, check)
