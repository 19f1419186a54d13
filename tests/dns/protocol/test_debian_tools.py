"""``dig`` and ``delv``, BIND's clients as Debian has them (bind9-dnsutils), read our answers as dnspython does."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import dns.flags
import dns.rcode
import dns.rrset
import pytest
import yaml

from tests.dns.protocol.plane import PATIENCE_S, Way
from tests.dns.protocol.test_answers import section

SECTIONS = ("ANSWER", "AUTHORITY", "ADDITIONAL")
COMPLAINTS = ("malformed", "bad packet", "mismatch", "extra bytes", "parser reports", "timed out", "FORMERR")

QUESTIONS = [
    ("p.test", "A"),
    ("P.tesT", "AAAA"),
    ("p.test", "SOA"),
    ("p.test", "NS"),
    ("p.test", "MX"),
    ("p.test", "TXT"),
    ("p.test", "CAA"),
    ("_dns._udp.p.test", "SRV"),
    ("odd.p.test", "TYPE65400"),
    ("odd.p.test", "A"),
    ("nothing.p.test", "A"),
    ("under.empty.p.test", "A"),
    ("any.wild.p.test", "A"),
    ("x.walias.p.test", "A"),
    ("two.p.test", "A"),
    ("gone.p.test", "A"),
    ("nodata.p.test", "A"),
    ("loop.p.test", "A"),
    ("cross.p.test", "A"),
    ("out.p.test", "A"),
    ("sub.p.test", "NS"),
    ("sub.p.test", "DS"),
    ("www.sub.p.test", "A"),
    ("into.p.test", "A"),
    ("host.moved.p.test", "A"),
    ("example.com", "A"),
    ("mid.p.test", "A"),
    ("many.p.test", "A"),
    # Not fat.p.test: of a message that large, dig +yaml leaves out the header.
]


def run(program: str, way: Way, *arguments: str) -> str:
    """What it prints. It must neither fail nor complain of the message."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed (Debian: bind9-dnsutils)")
    host, port = way.address
    command = [program, f"@{host}", "-p", str(port), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert not any(complaint in said for complaint in COMPLAINTS), said
    return said


def digs(way: Way, *arguments: str) -> list[dict[str, Any]]:
    """The messages that dig read, one for each question."""
    transport = ["+tcp"] if way.transport == "tcp" else []
    documents = yaml.safe_load(run("dig", way, "+yaml", "+tries=1", *transport, *arguments))
    return [document["message"]["response_message_data"] for document in documents]


def dig(way: Way, *arguments: str) -> dict[str, Any]:
    (found,) = digs(way, *arguments)
    return found


def lines(found: dict[str, Any], of: str) -> list[str]:
    """The records of a section, in dnspython's spelling."""
    rrsets = []
    for line in found.get(f"{of}_SECTION", []):
        name, ttl, _, rtype, data = line.split(" ", 4)
        rrsets.append(dns.rrset.from_text(name, int(ttl), "IN", rtype, data))
    return section(rrsets)


@pytest.mark.parametrize("edns", [True, False], ids=["edns", "plain"])
def test_dig_reads_what_dnspython_reads(way: Way, edns: bool) -> None:
    more: dict[str, Any] = {"use_edns": 0, "payload": 1232} if edns else {"use_edns": -1}
    options = ["+ignore", *(["+edns=0", "+bufsize=1232"] if edns else ["+noedns"])]
    read = digs(way, *options, *(word for question in QUESTIONS for word in question))
    for question, theirs in zip(QUESTIONS, read, strict=True):
        ours = way.ask(*question, **more)
        assert theirs["status"] == dns.rcode.to_text(ours.rcode()), question
        assert theirs["flags"] == dns.flags.to_text(ours.flags).lower(), question
        for of, rrsets in zip(SECTIONS, (ours.answer, ours.authority, ours.additional), strict=True):
            assert lines(theirs, of) == section(rrsets), (question, of)
        assert ("OPT_PSEUDOSECTION" in theirs) == edns


def test_dig_goes_to_tcp_when_told_that_an_answer_was_truncated(udp: Way) -> None:
    assert len(lines(dig(udp, "fat.p.test", "TXT"), "ANSWER")) == 200


def test_dig_sees_badvers_and_the_version_we_have(way: Way) -> None:
    found = dig(way, "p.test", "A", "+edns=1", "+noednsneg")
    assert (found["status"], found["OPT_PSEUDOSECTION"]["EDNS"]["version"]) == ("BADVERS", 0)


def test_dig_negotiates_edns_down(way: Way) -> None:
    found = dig(way, "p.test", "A", "+edns=1", "+ednsneg")
    assert (found["status"], len(lines(found, "ANSWER"))) == ("NOERROR", 2)


def test_dig_may_send_options_and_flags_that_we_do_not_know(way: Way) -> None:
    found = dig(
        way, "p.test", "A", "+ednsopt=65001:c0ffee", "+ednsflags=0x40", "+nsid", "+subnet=192.0.2.0/24", "+cookie"
    )
    assert (found["status"], len(lines(found, "ANSWER"))) == ("NOERROR", 2)


def test_dig_keeps_a_connection_for_several_questions(tcp: Way) -> None:
    said = run("dig", tcp, "+tcp", "+keepopen", "+short", "p.test", "A", "odd.p.test", "TYPE65400", "www.p.test", "A")
    assert said.split("\n") == ["127.0.0.1", "127.0.0.2", "\\# 3 010203", "ns.p.test.", "127.0.0.53", ""]


def test_dig_is_refused_a_transfer(tcp: Way) -> None:
    host, port = tcp.address
    if shutil.which("dig") is None:
        pytest.skip("dig is not installed (Debian: bind9-dnsutils)")
    command = ["dig", f"@{host}", "-p", str(port), "p.test", "AXFR"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert "Transfer failed" in done.stdout


@pytest.mark.parametrize(
    ("name", "rtype", "said"),
    [
        ("p.test", "A", ["p.test. 5 IN A 127.0.0.1", "p.test. 5 IN A 127.0.0.2"]),
        ("p.test", "TXT", ['p.test. 8 IN TXT "one" "two words"']),
        ("any.wild.p.test", "A", ["any.wild.p.test. 5 IN A 127.0.0.4"]),
        ("odd.p.test", "TYPE65400", ["odd.p.test. 5 IN TYPE65400 \\# 3 010203"]),
        ("sub.p.test", "DS", ["sub.p.test. 21 IN DS 12345 13 2"]),
        ("www.p.test", "A", ["www.p.test. 5 IN CNAME ns.p.test.", "ns.p.test. 300 IN A 127.0.0.53"]),
        ("host.moved.p.test", "A", ["moved.p.test. 11 IN DNAME new.p.test.", "host.new.p.test. 5 IN A 127.0.0.7"]),
        ("nothing.p.test", "A", ["\\-ANY ;-$NXDOMAIN", "resolution failed: ncache nxdomain"]),
        ("odd.p.test", "A", ["\\-A ;-$NXRRSET", "resolution failed: ncache nxrrset"]),
        ("fat.p.test", "TXT", ["xxx199"]),
    ],
)
def test_delv_believes_our_answers(way: Way, name: str, rtype: str, said: list[str]) -> None:
    transport = ["+tcp"] if way.transport == "tcp" else []
    heard = " ".join(run("delv", way, "-i", *transport, name, rtype).split())
    for one in said:
        assert one in heard
