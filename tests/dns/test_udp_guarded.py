"""Where other machines can ask. Tests stay on loopback: a guard of theirs decides in place of the real one, which has tests of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.clock import WallClock
from chaoskit.dns import server as servers
from chaoskit.dns.guard import Guard, Verdict
from chaoskit.dns.listen import Listener
from chaoskit.dns.responder import Responder
from chaoskit.dns.server import Server
from chaoskit.dns.udp_guarded import ask_over_tcp
from chaoskit.dns.zone import Zones
from chaoskit.errors import PlaneError
from chaoskit.journal.events import QueryAnswered
from chaoskit.timeline.injection import Timeline

ZONE = {"apex": "api.test", "records": [{"name": "api.test", "rtype": "A", "ttl": 5, "data": "127.0.0.1"}]}


class Decided(Guard):
    """Says what the test wants said."""

    def __init__(self, verdicts: Iterator[Verdict], *, admitted: bool = True) -> None:
        super().__init__(())
        self._verdicts = verdicts
        self._admitted = admitted

    def admits(self, address: str) -> bool:
        return self._admitted

    def verdict(self, address: str, at: int) -> Verdict:
        return next(self._verdicts)


def run(
    guard: Guard,
    test: Callable[[dict[str, Any], list[QueryAnswered]], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(servers, "is_loopback", lambda host: False)

    async def main() -> None:
        log: list[QueryAnswered] = []
        server = Server(Responder(Zones.from_plan([ZONE]), Timeline(), 1), WallClock(), log.append, guard=guard)
        address = await server.listen(Listener("serve", "127.0.0.1", 0))
        try:
            await test({"where": "127.0.0.1", "port": int(address.rpartition(":")[2])}, log)
            assert not server.failed.done(), server.failed
        finally:
            await server.close()

    asyncio.run(main())


def test_what_becomes_of_each_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(where: dict[str, Any], log: list[QueryAnswered]) -> None:
        query = dns.message.make_query("ApI.test", "A", use_edns=0)
        assert (await dns.asyncquery.udp(query, **where, timeout=30)).answer
        slipped = await dns.asyncquery.udp(query, **where, timeout=30)
        assert slipped.flags & dns.flags.TC
        assert (slipped.answer, str(slipped.question[0].name)) == ([], "ApI.test.")
        # The verdicts are "stranger", "limited", "answer": only the third datagram is answered.
        queries = [dns.message.make_query("api.test", "A") for _ in range(3)]
        for silent in queries[:2]:
            with pytest.raises(dns.exception.Timeout):
                await dns.asyncquery.udp(silent, **where, timeout=0.05)
        assert (await dns.asyncquery.udp(queries[2], **where, timeout=30)).answer
        assert len(log) == 2, "what the guard turns away is never read"

    verdicts: list[Verdict] = ["answer", "slip", "stranger", "limited", "answer"]
    run(Decided(iter(verdicts)), test, monkeypatch)


@pytest.mark.parametrize("admitted", [True, False])
def test_a_stranger_s_connection_is_ended_at_once(admitted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(where: dict[str, Any], log: list[QueryAnswered]) -> None:
        query = dns.message.make_query("api.test", "A")
        if admitted:
            assert (await dns.asyncquery.tcp(query, **where, timeout=30)).answer
        else:
            with pytest.raises((EOFError, ConnectionError)):
                await dns.asyncquery.tcp(query, **where, timeout=30)
        assert len(log) == admitted

    run(Decided(iter(()), admitted=admitted), test, monkeypatch)


def test_without_a_guard_no_other_address_is_bound() -> None:
    async def main() -> None:
        server = Server(Responder(Zones.from_plan([ZONE]), Timeline(), 1), WallClock(), lambda _: None)
        for host in ("0.0.0.0", "::", "192.0.2.1"):
            with pytest.raises(PlaneError, match="is not loopback"):
                await server.listen(Listener("serve", host, 0))
        await server.close()

    asyncio.run(main())


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda tail: b"\0\1\1\0\0\1\0\0\0\0\0\0" + tail))
def test_a_slip_is_never_longer_than_the_query(data: bytes) -> None:
    reply = ask_over_tcp(data)
    assert len(reply) <= len(data)
    if reply:
        assert not data[2] & 0x80, "no answer to an answer"
        assert (reply[:2], reply[2] & 0x82) == (data[:2], 0x82)
