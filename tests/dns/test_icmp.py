"""The port that is closed: an ICMP message that the asker's kernel takes for another kernel's."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct

import dns.message
import pytest

from chaoskit.clock import WallClock
from chaoskit.dns import icmp
from chaoskit.dns.breakage import QueryFailed
from chaoskit.dns.control.controller import InjectionController, Refused
from chaoskit.dns.control.leases import LeaseRules
from chaoskit.dns.control.requests import read_injection
from chaoskit.dns.faults import FAULTS
from chaoskit.dns.listen import Listener
from chaoskit.dns.names import DEFAULT_CANARY
from chaoskit.dns.responder import Responder
from chaoskit.dns.server import Server
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.zone import Zones
from chaoskit.journal.events import QueryAnswered
from chaoskit.timeline.injection import Injection, Timeline
from chaoskit.timeline.window import Once
from tests.dns.test_breakage import ZONE
from tests.dns.test_server import has_ipv6

WIRE = dns.message.make_query("api.test", "A").to_wire()

raw_sockets = pytest.mark.skipif(bool(icmp.lacking()), reason="no CAP_NET_RAW")


def closed() -> Server:
    injection: Injection[DnsTarget, object] = Injection(
        "i", DnsTarget(under="."), Once(0, 1 << 62), FAULTS.get("closed")()
    )
    timeline: Timeline[DnsTarget, object] = Timeline((injection,), origin=0)
    return Server(Responder(Zones.from_plan([ZONE]), timeline, 1), WallClock(), LOG.append, on_failure=FAILURES.append)  # type: ignore[arg-type]


LOG: list[QueryAnswered] = []
FAILURES: list[QueryFailed] = []


@pytest.fixture(autouse=True)
def fresh() -> None:
    LOG.clear()
    FAILURES.clear()


@raw_sockets
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.53.7", *(["::1"] if has_ipv6() else [])])
def test_a_stub_resolver_s_socket_is_refused_at_once(host: str) -> None:
    async def main() -> None:
        server = closed()
        address = await server.listen(Listener("cold", host, 0))
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.setblocking(False)
            udp.connect((host, int(address.rpartition(":")[2])))
            for _ in range(2):
                await loop.sock_sendall(udp, WIRE)
                with pytest.raises(ConnectionRefusedError):
                    await loop.sock_recv(udp, 512)
        await server.close()

    asyncio.run(main())
    assert [(event.reply, event.faults, event.name) for event in LOG] == [("closed", ("i",), "api.test")] * 2
    assert FAILURES == []


def test_over_tcp_the_connection_is_reset() -> None:
    async def main() -> None:
        server = closed()
        port = int((await server.listen(Listener("cold", "127.0.0.1", 0))).rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(struct.pack("!H", len(WIRE)) + WIRE)
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(2)
        writer.close()
        await server.close()

    asyncio.run(main())
    assert [event.reply for event in LOG] == ["closed"]


def test_without_leave_the_injection_is_refused_before_it_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    really = socket.socket

    def forbid(family: int, kind: int, *more: int) -> socket.socket:
        if kind == socket.SOCK_RAW:
            raise OSError(errno.EPERM, "Operation not permitted")
        return really(family, kind, *more)

    monkeypatch.setattr("socket.socket", forbid)

    async def main() -> None:
        server = Server(Responder(Zones.from_plan([]), Timeline(), 1), WallClock(), LOG.append)
        desk = InjectionController(server, WallClock(), LeaseRules(), DEFAULT_CANARY)
        desk.swap_zones(Zones.from_plan([ZONE]))
        with pytest.raises(Refused, match=r"may not send ICMP .*Operation not permitted.*: it needs CAP_NET_RAW"):
            desk.begin(read_injection({"fault": "closed", "where": "api.test"}))
        assert server.responder.timeline.injections == ()

    asyncio.run(main())


def test_a_listener_at_every_address_cannot_say_which_was_asked() -> None:
    with pytest.raises(OSError, match="no address of its own"):
        icmp.refuse(("0.0.0.0", 53), ("192.0.2.1", 4000), 30)


def test_checksum() -> None:
    """The example of RFC 1071 §3."""
    assert icmp.checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2
