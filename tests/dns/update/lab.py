"""An updater without sockets: messages in, answers and events out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from chaoskit.clock import Instant
from chaoskit.dns.updater import Updater, UpdateRules
from chaoskit.dns.zone import Zone, Zones
from chaoskit.journal.events import UpdateAnswered, ZoneChanged
from tests.dns.update.messages import APEX, plan

Content = set[tuple[str, str, int, str]]
"""Name, type, TTL and data of each record, the data as dnspython writes it in lower case."""


class HandClock:
    """A clock that stands at 5."""

    def now(self) -> Instant:
        return 5

    async def sleep_until(self, instant: Instant) -> None:
        raise AssertionError("nothing here waits")


@dataclass
class Inbox:
    """The channel of one message; ``sent`` has what was answered."""

    peer: tuple[str, int] = ("127.0.0.1", 5353)
    transport: Literal["udp", "tcp"] = "udp"
    label: str = "test"
    sent: list[bytes] = field(default_factory=list)

    def send(self, *messages: bytes) -> bool:
        self.sent += messages
        return True

    def hang_up(self, *, reset: bool, begun: bytes = b"", drip_ns: int = 0) -> bool:
        raise AssertionError("an update is answered")

    def refuse(self, size: int) -> bool:
        raise AssertionError("an update is answered")

    def drop(self) -> None:
        raise AssertionError("an update is answered")


OPEN = UpdateRules({APEX: frozenset()})


class Lab:
    """A server's zones and their updater."""

    def __init__(self, rules: UpdateRules = OPEN, apex: str = APEX, wall: float = 1_800_000_000) -> None:
        self.zones = Zones.from_plan([plan(apex), {"apex": "closed.test"}])
        self.apex = apex
        self.events: list[UpdateAnswered | ZoneChanged] = []
        self.wall = wall
        clock = HandClock()
        self.updater = Updater(rules, clock, lambda: self.zones, self._swap, self.events.append, lambda: self.wall)

    def _swap(self, zone: Zone) -> None:
        self.zones = self.zones.with_zone(zone)

    @property
    def zone(self) -> Zone:
        return self.zones.zones[self.apex]

    def send(self, data: bytes, client: str = "127.0.0.1") -> bytes:
        """The answer's bytes."""
        inbox = Inbox((client, 5353))
        self.updater.answer(data, inbox, 5)
        (answer,) = inbox.sent
        return answer

    def ask(self, data: bytes, client: str = "127.0.0.1") -> str:
        """The answer's RCODE."""
        return dns.rcode.to_text(dns.rcode.from_flags(int.from_bytes(self.send(data, client)[2:4], "big"), 0))

    def answered(self) -> UpdateAnswered:
        """The journal's last account of an update."""
        event = self.events[-1]
        assert isinstance(event, UpdateAnswered)
        return event

    def changed(self) -> list[ZoneChanged]:
        return [event for event in self.events if isinstance(event, ZoneChanged)]

    def content(self) -> Content:
        return {canonical(record.name, record.rtype, record.ttl, record.data) for record in self.zone.records()}


def canonical(name: str, rtype: str, ttl: int, data: Any) -> tuple[str, str, int, str]:
    """A record as dnspython writes it."""
    kind = dns.rdatatype.from_text(rtype)
    rdata = (
        dns.rdata.from_text(dns.rdataclass.IN, kind, data, dns.name.root, relativize=False)
        if isinstance(data, str)
        else data
    )
    return name.lower().rstrip("."), dns.rdatatype.to_text(kind), ttl, rdata.to_text().lower()
