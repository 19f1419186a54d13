"""Any injections that are accepted, and any messages: the server lives, and nothing of ours breaks."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from chaoskit.clock import VirtualClock
from chaoskit.dns.breakage import QueryFailed
from chaoskit.dns.control.controller import InjectionController, Refused
from chaoskit.dns.control.leases import LeaseRules
from chaoskit.dns.control.requests import BadRequest, read_injection
from chaoskit.dns.names import DEFAULT_CANARY
from chaoskit.dns.responder import Responder
from chaoskit.dns.server import Server
from chaoskit.dns.zone import Zones
from chaoskit.journal.events import QueryAnswered
from chaoskit.timeline.injection import Timeline
from chaoskit.units import HOUR, SECOND
from tests.dns.fuzz.injections import requests
from tests.dns.fuzz.properties import zones
from tests.dns.fuzz.strategies import messages
from tests.effort import examples

LARGEST = {"udp": 65_507, "tcp": 65_535}


class Wire:
    """A channel that writes down what it was asked to do, and refuses what no socket could send."""

    label = "fuzz"
    peer = ("127.0.0.1", 53_000)

    def __init__(self, transport: str) -> None:
        self.transport: Any = transport
        self.done: list[str] = []

    def send(self, *sent: bytes) -> bool:
        if any(len(message) > LARGEST[self.transport] for message in sent):
            raise OSError(90, "Message too long")
        self.done.append("send")
        return True

    def hang_up(self, *, reset: bool, begun: bytes = b"", drip_ns: int = 0) -> bool:
        self.done.append("hang up")
        return True

    def refuse(self, size: int) -> bool:
        self.done.append("refuse")
        return True

    def drop(self) -> None:
        self.done.append("drop")


@settings(max_examples=examples(3000), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(requests(), min_size=1, max_size=3),
    st.lists(messages, min_size=1, max_size=4),
    st.sampled_from(["udp", "tcp"]),
)
def test_any_injection_and_any_message_leave_the_server_alive(
    asked: list[dict[str, Any]], sent: list[bytes], transport: str
) -> None:
    asyncio.run(_serve(asked, sent, transport))


async def _serve(asked: list[dict[str, Any]], sent: list[bytes], transport: str) -> None:
    clock, log = VirtualClock(1_000 * SECOND), list[QueryAnswered]()
    failures: list[QueryFailed] = []
    honest = Responder(Zones.from_plan([]), Timeline(), 1)
    server = Server(honest, clock, log.append, "plain", stands=True, on_failure=failures.append)
    desk = InjectionController(server, clock, LeaseRules(longest_ns=HOUR), DEFAULT_CANARY)
    desk.swap_zones(zones())
    for request in asked:
        before = server.responder.timeline, desk.overview().held
        try:
            desk.begin(read_injection(request))
        except (BadRequest, Refused):
            event("refused")
            assert (server.responder.timeline, desk.overview().held) == before, "half on"
        else:
            event(f"on: {next(iter(request['fault']))}")
    assert desk.overview().canary.ok
    channels = [Wire(transport) for _ in sent]
    for message, channel in zip(sent, channels, strict=True):
        server.receive(message, channel)
    waiting = len(server.late)
    assert [len(channel.done) for channel in channels].count(1) == len(sent) - waiting, "each is ended once, or waits"
    desk.halt()
    assert [len(channel.done) for channel in channels] == [1] * len(sent)
    assert not server.failed.done(), server.failed
    assert failures == []
    await server.close()
