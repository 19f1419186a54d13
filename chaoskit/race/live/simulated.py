"""The same participants in virtual time, on a hosted zone in memory: what the live race is compared with.

The zone has Route 53's rules as the model has them (``race.control_plane``), one for each endpoint, with a stamp that is a number.
How long a call is under way, ``race.live.call_times`` says: drawn, or as it was in a live run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chaoskit.clock import Instant
from chaoskit.race.calls import (
    Alias,
    Answer,
    Applied,
    Batch,
    Call,
    ListTrees,
    Lock,
    LockLost,
    Newest,
    Published,
    PublishPlan,
    ReadAlias,
    ReadLock,
    ReadPlans,
    Trees,
)
from chaoskit.race.control_plane import ControlPlane, Zone
from chaoskit.race.enactor import Enactor
from chaoskit.race.live.call_times import CallTime, CallTimes, DrawnTimes
from chaoskit.race.live.participant import Participant, Schedule
from chaoskit.race.planner import Planner
from chaoskit.race.rules import AS_IT_WAS, Rules
from chaoskit.seeds import generator
from chaoskit.sim.heap import EventHeap


@dataclass(frozen=True, slots=True)
class Part:
    """One participant: ``rules`` None is the planner's. ``latency_ns`` is how much later its answers come."""

    name: str
    schedule: Schedule
    rules: Rules | None
    latency_ns: int = 0


@dataclass(frozen=True, slots=True)
class Setting:
    """A race: its parts, how many endpoints a pass covers, how many addresses a tree has, and when it ends.

    ``window_ns`` is the window of a velocity limit.
    """

    parts: tuple[Part, ...]
    endpoints: int
    addresses: int
    ends: Instant
    window_ns: int = 0


@dataclass(frozen=True, slots=True)
class SimulatedRace:
    """When each endpoint first became empty, and which of them got an address again, which only an enactor can have given."""

    emptied: Mapping[int, Instant]
    repaired: frozenset[int]


@dataclass(slots=True)
class _Zone:
    """The hosted zone and the plan store, and what became empty when."""

    setting: Setting
    rules: Rules
    published: int = 1
    records: list[Zone] = field(default_factory=list)
    stamps: list[int] = field(default_factory=list)
    emptied: dict[int, Instant] = field(default_factory=dict)
    repaired: set[int] = field(default_factory=set)
    lost_at: dict[int, Instant] = field(default_factory=dict)
    plane: ControlPlane = field(init=False)

    def __post_init__(self) -> None:
        shortest = min(part.schedule.rest for part in self.setting.parts if part.rules is None)
        plans = 2 + self.setting.ends // shortest
        self.plane = ControlPlane(plans, self.rules, self.setting.addresses)
        self.records = [self.plane.start] * self.setting.endpoints
        self.stamps = [0] * self.setting.endpoints

    def answer(self, call: Call, at: Instant) -> Answer:
        """Answer one call that arrives ``at``."""
        match call:
            case PublishPlan():
                self.published += 1
                return Published(self.published)
            case ReadPlans():
                return Newest(self.published)
            case ReadAlias(endpoint):
                return Alias(self.records[endpoint].alias)
            case ReadLock(endpoint):
                return Lock(self.stamps[endpoint])
            case ListTrees(endpoint):
                return Trees(self._trees(self.records if endpoint is None else [self.records[endpoint]]))
            case Batch():
                return self._batch(call, at)
        raise TypeError(f"{type(call).__name__} is of the model alone")

    def _trees(self, records: Sequence[Zone]) -> tuple[int, ...]:
        most = [max(zone.trees[number] for zone in records) for number in range(self.plane.plans)]
        counts = most if self.rules.by_address else [min(1, left) for left in most]
        return tuple(plan for plan, count in enumerate(counts, 1) for _ in range(count))

    def _batch(self, batch: Batch, at: Instant) -> Answer:
        number = batch.endpoint
        if batch.stamp != self.stamps[number]:
            return LockLost()
        before = self.records[number]
        if at - self.lost_at.get(number, at) >= self.setting.window_ns:
            before = before._replace(lost=0)
        after, answer = self.plane.batch(before, batch.changes)
        if not isinstance(answer, Applied):
            return answer
        self.records[number] = after
        self.stamps[number] += 1
        if after.lost > before.lost:
            self.lost_at[number] = at
        if before.addresses and not after.addresses:
            self.emptied.setdefault(number, at)
        elif after.addresses and not before.addresses:
            self.repaired.add(number)
        return Applied(self.stamps[number])


def simulate(setting: Setting, seed: int, times: Mapping[str, CallTimes] | None = None) -> SimulatedRace:
    """Play the race to its end; nobody repairs anything by hand. Equal for equal arguments.

    ``times`` has by participant how long its calls take; drawn for whoever is not in it.
    """
    rules = next((part.rules for part in setting.parts if part.rules), AS_IT_WAS)
    zone, heap = _Zone(setting, rules), EventHeap()
    for part in setting.parts:
        drawn = DrawnTimes(generator(seed, "times", part.name), part.latency_ns)
        _play(part, setting, zone, heap, seed, (times or {}).get(part.name, drawn))
    heap.run(setting.ends)
    return SimulatedRace(zone.emptied, frozenset(zone.repaired))


def _play(part: Part, setting: Setting, zone: _Zone, heap: EventHeap, seed: int, times: CallTimes) -> None:
    policy = Planner() if part.rules is None else Enactor(part.rules, setting.endpoints)
    participant = Participant(policy, part.schedule, generator(seed, "race", part.name))

    def begin() -> None:
        time = times.of(participant.next_call, heap.now)
        heap.at(heap.now + time.late, lambda: send(time))

    def send(time: CallTime) -> None:
        call = participant.send(heap.now)

        def arrive() -> None:
            answer = zone.answer(call, heap.now)
            heap.at(heap.now + time.back, lambda: receive(answer))

        heap.at(heap.now + time.there, arrive)

    def receive(answer: Answer) -> None:
        participant.take(answer, heap.now)
        heap.at(max(heap.now, participant.due), begin)

    heap.at(participant.due, begin)
