"""What the helper container reads, as far as it needs no container."""

from __future__ import annotations

import json
from dataclasses import asdict

from chaoskit.compose.faulty import CASES, name_of, responder
from chaoskit.compose.probe import Answered, Found, Libc, ask, encrypted
from chaoskit.dns.message import Answer, Drop, Query
from chaoskit.units import SECOND

HEAD = "  sl  local_address rem_address   st tx_queue\n"


def test_connections_to_public_resolvers_are_told() -> None:
    table = HEAD + "   0: 0B00000A:C350 01010101:01BB 01 0:0\n   1: 0B00000A:C351 08080808:0355 01 0:0\n"
    assert encrypted([table]) == ["DNS over HTTPS to 1.1.1.1", "DNS over TLS to 8.8.8.8"]


def test_other_connections_are_not() -> None:
    closing = "   0: 0B00000A:C350 01010101:01BB 06 0:0\n"
    plain_dns = "   1: 0B00000A:C351 08080808:0035 01 0:0\n"
    assert encrypted([HEAD + closing + plain_dns, ""]) == []


def test_an_ipv4_address_in_the_ipv6_table_is_read() -> None:
    line = "   0: 0000000000000000FFFF00000B00000A:C350 0000000000000000FFFF000008080808:01BB 01 0:0\n"
    assert encrypted([HEAD + line]) == ["DNS over HTTPS to 8.8.8.8"]


def test_findings_come_back_from_json() -> None:
    found = Found((Answered("s", "n", "A", "NOERROR", ("1.2.3.4",), 1.0),), (Libc("n", -5, (), 2.0),), ("x",))
    assert Found.from_json(json.dumps(asdict(found))) == found


def test_nodata_is_told_from_an_address() -> None:
    assert Answered("s", "n", "A", "NOERROR", (), 1.0).says == "NODATA"
    assert Answered("s", "n", "A", "NOERROR", ("1.2.3.4",), 1.0).says == "NOERROR"


def test_a_closed_port_is_told_from_silence() -> None:
    assert ask("127.0.0.99", "x.example", "A").rcode == "closed"


def test_every_case_has_its_fault_while_the_server_lives() -> None:
    server = responder(0)
    said = {}
    for case in CASES:
        query = Query(name_of(case), "A", "udp", "probe", "10.0.0.1", 1232, 1)
        said[case], _ = server.respond(query, 3000 * SECOND)
    rcodes = {case: reply.rcode for case, reply in said.items() if isinstance(reply, Answer)}
    assert isinstance(said["dropped"], Drop)
    assert {case: rcodes[case] for case in ("nxdomain", "servfail", "refused")} == {
        "nxdomain": "NXDOMAIN",
        "servfail": "SERVFAIL",
        "refused": "REFUSED",
    }
    empty, late = said["empty"], said["late-4500ms"]
    assert isinstance(empty, Answer)
    assert not empty.records
    assert isinstance(late, Answer)
    assert late.delay_ns == 4500 * 1_000_000
    assert isinstance(said["aaaa-dropped"], Answer)
