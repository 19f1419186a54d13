"""What breaks of ours while a query is answered ends no server: the asker gets SERVFAIL, it is told, and the injection to blame goes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import dns.asyncquery
import dns.message
import dns.rcode
import pytest

from chaoskit.clock import WallClock
from chaoskit.dns import late
from chaoskit.dns.breakage import QueryFailed, Strikes
from chaoskit.dns.faults import FAULTS
from chaoskit.dns.listen import Listener
from chaoskit.dns.message import Answer, Raw, Record, Reply
from chaoskit.dns.responder import Responder
from chaoskit.dns.server import Server
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.udp import UdpPath
from chaoskit.dns.zone import Zones
from chaoskit.journal.events import QueryAnswered
from chaoskit.timeline.injection import Injection, Timeline
from chaoskit.timeline.window import Once
from chaoskit.units import HOUR, SECOND

ZONE = {
    "apex": "api.test",
    "records": [
        {"name": "api.test", "rtype": "A", "ttl": 5, "data": "192.0.2.1"},
        {"name": 'quo"te.api.test', "rtype": "A", "ttl": 5, "data": "192.0.2.2"},
    ],
}
PATHS: tuple[UdpPath, ...] = ("batched", "plain")


class Raises:
    """A fault with a bug."""

    def apply(self, *_: Any) -> Reply:
        raise ZeroDivisionError("by nothing")


class NoRecord:
    """A fault whose reply has no wire form."""

    def apply(self, *_: Any) -> Reply:
        return Answer(records=(Record("api.test", "A", 5, "nowhere"),))


class TooLarge:
    """A fault whose reply no datagram holds, and that the codec does not write."""

    def apply(self, *_: Any) -> Reply:
        return Raw(bytes(66_000))


class World:
    """A server with these faults always on, what it logged, and what it told of failures."""

    def __init__(self, *faults: Any, path: UdpPath = "batched") -> None:
        injections = tuple(
            Injection(f"i{n}", DnsTarget(under="."), Once(0, 1 << 62), fault) for n, fault in enumerate(faults)
        )
        responder = Responder(Zones.from_plan([ZONE]), Timeline(injections, origin=0), 1)
        self.log: list[QueryAnswered] = []
        self.failures: list[QueryFailed] = []
        self.server = Server(responder, WallClock(), self.log.append, path, on_failure=self.failures.append)
        self.where: dict[str, Any] = {}

    async def ask(self, name: str = "api.test", transport: str = "udp") -> dns.message.Message:
        ask = dns.asyncquery.udp if transport == "udp" else dns.asyncquery.tcp
        return await ask(dns.message.make_query(name, "A"), **self.where)


def serve(world: Callable[[], World], test: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        opened = world()
        host, _, port = (await opened.server.listen(Listener("cold", "127.0.0.1", 0))).rpartition(":")
        opened.where = {"where": host, "port": int(port), "timeout": 5.0}
        try:
            await test(opened)
            assert not opened.server.failed.done(), opened.server.failed
        finally:
            await opened.server.close()

    asyncio.run(main())


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(
    ("fault", "said"), [(Raises(), "ZeroDivisionError: by nothing"), (NoRecord(), "Expected 4 octets in 'nowhere'")]
)
def test_a_fault_that_breaks_is_servfail_and_told(fault: Any, said: str, transport: str, path: UdpPath) -> None:
    async def test(world: World) -> None:
        answer = await world.ask(transport=transport)
        assert answer.rcode() == dns.rcode.SERVFAIL
        (failure,) = world.failures
        assert (failure.injection, failure.name, failure.asker) == ("i0", "api.test", "cold")
        assert said in failure.message
        (event,) = world.log
        assert (event.rcode, event.faults) == ("SERVFAIL", ()), "no injection is said to have done that"

    serve(lambda: World(fault, path=path), test)


def test_what_cannot_be_sent_is_servfail_and_told() -> None:
    async def test(world: World) -> None:
        assert (await world.ask()).rcode() == dns.rcode.SERVFAIL
        assert "Message too long" in world.failures[0].message
        assert [event.reply for event in world.log] == ["answer"]

    serve(lambda: World(TooLarge()), test)


@pytest.mark.parametrize("path", PATHS)
def test_padding_twice_makes_no_answer_that_no_datagram_holds(path: UdpPath) -> None:
    faults = [FAULTS.get("oversize")(by=59_000) for _ in range(2)]

    async def test(world: World) -> None:
        for _ in range(2):
            assert (await world.ask()).rcode() == dns.rcode.NOERROR
        assert not world.failures
        assert world.log[0].faults == ("i0",), "the second found it padded"

    serve(lambda: World(*faults, path=path), test)


def test_a_quote_in_a_name_whose_alias_is_a_loop() -> None:
    fault = FAULTS.get("cname")(how="loop", to="other.test")

    async def test(world: World) -> None:
        answer = await world.ask('quo\\"te.api.test')
        assert [str(rrset.name) for rrset in answer.answer] == ['quo\\"te.api.test.', "other.test."]
        assert not world.failures

    serve(lambda: World(fault), test)


def test_the_second_failure_is_the_injection_s() -> None:
    strikes = Strikes()
    failure = QueryFailed(1, "cold", "a.test", "A", "i1", "broke")
    assert [strikes.out(failure) for _ in range(3)] == [False, True, False]
    assert not strikes.out(QueryFailed(1, "cold", "a.test", "A", "", "broke")), "nothing injected is to blame"
    strikes.forget("i1")
    assert not strikes.out(failure), "another injection has taken the id"


def test_delayed_answers_are_bounded_and_the_rest_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late, "MAX_WAITING", 2)

    async def test(world: World) -> None:
        asked = [asyncio.create_task(world.ask()) for _ in range(3)]
        while not world.failures:
            await asyncio.sleep(0)
        assert (len(world.server.late), world.server.late.refused) == (2, 1)
        assert "delayed answers wait already" in world.failures[0].message
        assert [(event.reply, event.faults) for event in world.log] == [("drop", ("i0",))]
        world.server.drop_late()
        assert len(world.server.late) == 0
        assert [event.reply for event in world.log] == ["drop"] * 3
        for task in asked:
            task.cancel()

    serve(lambda: World(FAULTS.get("delay")(by=60 * SECOND)), test)


def test_dropping_what_is_delayed_ends_connections_that_drip() -> None:
    async def test(world: World) -> None:
        asked = asyncio.create_task(world.ask(transport="tcp"))
        while not any(connection.is_dripping for connection in world.server.connections.members):
            await asyncio.sleep(0)
        world.server.drop_late()
        with pytest.raises((EOFError, ConnectionResetError)):
            await asked

    serve(lambda: World(FAULTS.get("hangup")(how="drip", every=HOUR)), test)
