"""What the clients of a scenario do with an operator's orders, in virtual time: as little as the judges can tell from the real ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chaoskit.clock import Instant
from chaoskit.journal.events import Event, LevelMeasured, NameChange, ServedRecord, ZoneChanged
from chaoskit.units import SECOND

Order = tuple[Instant, str, str]
Spans = list[tuple[Instant, Instant]]
EMPTIED_AFTER = 13 * SECOND


@dataclass
class World:
    """Nothing obeys, and no customer fails but for a DNS fault. ``orders`` are those that came, with their instants."""

    origin: Instant
    orders: list[Order] = field(default_factory=list)

    def failing(self, until: Instant) -> Spans:
        """When customers' calls fail, beside the times of DNS faults."""
        return []

    def events(self, until: Instant) -> Iterator[Event]:
        """What the clients and the DNS server tell."""
        yield from ()

    def at(self, *words: str) -> list[Instant]:
        """When any of these orders came, each as ``CLIENT ORDER``."""
        return [at for at, to, order in self.orders if f"{to} {order}" in words]


class Race(World):
    """The record is empty 13 s after each start of the enactors that are not paused by then, until it is repaired."""

    NAME = "dynamodb.us-east-1.amazonaws.com"

    def failing(self, until: Instant) -> Spans:
        spans: Spans = []
        for start in (self.origin, *self.at("enactor-c start-over")):
            emptied = start + EMPTIED_AFTER
            pauses, resumes = self.at("enactor-c pause"), self.at("enactor-c resume")
            paused = sum(at <= emptied for at in pauses) > sum(at <= emptied for at in resumes)
            if emptied < until and not paused:
                spans.append((emptied, min([at for at in self.at("by-hand repair") if at > emptied], default=until)))
        return spans

    def events(self, until: Instant) -> Iterator[Event]:
        record = (ServedRecord(rtype="A", ttl=1, data="127.0.1.1"),)
        for start, end in self.failing(until):
            for at, before, after in ((start, record, ()), (end, (), record)):
                change = NameChange(name=self.NAME, exists=True, before=before, after=after)
                if at < until:
                    yield ZoneChanged(at=at, zone=self.NAME, serial=1, source="route53", author="x", changes=(change,))


class Herd(World):
    """From the end of the blank on nobody gets in, and after each restart of the door, until devices are slowed or the limit is off."""

    def failing(self, until: Instant) -> Spans:
        slowed = min(self.at("phones slow-down", "door limit-off"), default=until)
        starts = [self.origin + 14 * SECOND, *self.at("door restart")]
        return [(start, slowed) for start in starts if start < slowed]

    def events(self, until: Instant) -> Iterator[Event]:
        for start, end in self.failing(until):
            for client in ("phones", "tablets"):
                yield _level(client, "clients connected", start, 3)
                yield _level(client, "clients connected", end, 75)
        yield from _switch("door", "admission limit", self.origin, self.at("door limit-off"), self.at("door limit-on"))


class Day(World):
    """Leases lapse at 15 s and come back 2 s after the throttle; a balancer that fails over has half of its capacity until then."""

    def events(self, until: Instant) -> Iterator[Event]:
        back = min(self.at("droplets throttle"), default=until) + 2 * SECOND
        yield _level("droplets", "leases held", self.origin + SECOND, 20)
        yield _level("droplets", "leases held", self.origin + 15 * SECOND, 0)
        yield _level("droplets", "leases held", back, 20)
        yield _level("balancer", "capacity left", self.origin + SECOND, 1)
        yield _level("balancer", "capacity left", self.origin + 16 * SECOND, 0.5)
        yield _level("balancer", "capacity left", min([back, *self.at("balancer failover-off")]), 1)
        off, on = self.at("balancer failover-off"), self.at("balancer failover-on")
        yield from _switch("balancer", "automatic failover", self.origin, off, on)


def world_of(scenario: str, origin: Instant) -> World:
    """The world of a scenario."""
    kinds: dict[str, type[World]] = {"race-nobody-repairs": Race, "recovery-herd": Herd, "the-day": Day}
    return kinds.get(scenario, World)(origin)


def _level(client: str, name: str, at: Instant, value: float) -> LevelMeasured:
    return LevelMeasured(at=at, client=client, name=name, value=value)


def _switch(
    client: str, name: str, origin: Instant, off: Sequence[Instant], on: Sequence[Instant]
) -> Iterator[LevelMeasured]:
    for at, value in ((origin, 1), *((at, 0) for at in off), *((at, 1) for at in on)):
        yield _level(client, name, at, value)
