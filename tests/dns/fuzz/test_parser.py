"""Anything at all, read and answered without a socket."""

from __future__ import annotations

import struct
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.dns.zone import Zones
from tests.dns.fuzz.properties import Transport, check_data, check_message, check_name
from tests.dns.fuzz.strategies import damaged, messages
from tests.effort import examples

TRANSPORTS = st.sampled_from(["udp", "tcp"])


@given(data=messages, transport=TRANSPORTS)
@settings(max_examples=examples(600), deadline=None)
def test_any_message_is_answered_within_bounds_or_not_at_all(data: bytes, transport: Transport) -> None:
    check_message(data, transport)


NAMES = ["x.test", "a.x.test", "b.a.x.test", "*.x.test", "*.a.x.test", "c.x.test"]
DATA = {
    "A": st.integers(0, 255).map(lambda n: f"127.0.0.{n}"),
    "AAAA": st.integers(0, 255).map(lambda n: f"::{n:x}"),
    "TXT": st.integers(1, 255).map(lambda n: f'"{"t" * n}"'),
    "CNAME": st.sampled_from([*NAMES, "elsewhere.example"]),
    "DNAME": st.sampled_from([*NAMES, "elsewhere.example"]),
    "NS": st.sampled_from([*NAMES, "ns.a.x.test", "elsewhere.example"]),
    "MX": st.sampled_from(NAMES).map(lambda name: f"10 {name}"),
}


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    """Zones with cuts, aliases and large sets, some of which no zone may have."""
    sets = draw(
        st.dictionaries(
            st.tuples(st.sampled_from(NAMES), st.sampled_from(sorted(DATA))), st.integers(1, 60), max_size=8
        )
    )
    records = []
    for (name, rtype), count in sets.items():
        data = draw(st.lists(DATA[rtype], min_size=1, max_size=1 if rtype in ("CNAME", "DNAME") else count))
        records += [{"name": name, "rtype": rtype, "ttl": 5, "data": one} for one in data]
    return {"apex": "x.test", "records": records}


@given(
    plan=plans(),
    name=st.sampled_from([*NAMES, "y.b.a.x.test", "y.c.x.test"]),
    rtype=st.sampled_from([1, 2, 5, 6, 15, 16, 28, 39, 43, 255]),
    size=st.sampled_from([None, 0, 512, 800, 1232, 65535]),
    transport=TRANSPORTS,
)
@settings(max_examples=examples(400), deadline=None)
def test_whatever_the_zone_no_answer_exceeds_its_askers_size(
    plan: dict[str, Any], name: str, rtype: int, size: int | None, transport: Transport
) -> None:
    try:
        found = Zones.from_plan([plan])
    except ValueError:
        return
    assert Zones.from_plan(zone.plan() for zone in found.zones.values()) == found
    question = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + struct.pack(
        "!BHH", 0, rtype, 1
    )
    opt = b"" if size is None else struct.pack("!BHHIH", 0, 41, size, 0, 0)
    check_message(struct.pack("!6H", 1, 0, 1, 0, 0, bool(opt)) + question + opt, transport, found)


@given(written=st.one_of(st.text(max_size=80), st.text("ab.\\019 *", max_size=300)))
@settings(max_examples=examples(300))
def test_any_text_is_a_name_or_is_refused(written: str) -> None:
    check_name(written)


@given(
    rtype=st.sampled_from(
        ["A", "AAAA", "CNAME", "DNAME", "NS", "MX", "SRV", "TXT", "CAA", "DS", "NAPTR", "LOC", "TYPE65400"]
    ),
    written=st.one_of(st.text(max_size=60), st.text('0123456789abAB.\\" #', max_size=60)),
)
@settings(max_examples=examples(400), deadline=None)
def test_any_text_is_data_or_is_refused(rtype: str, written: str) -> None:
    check_data(rtype, written)


@given(data=damaged())
@settings(max_examples=examples(200), deadline=None)
def test_damage_far_behind_is_noticed_in_bounded_time(data: bytes) -> None:
    for end in (b"\xc0\x0c" * 30_000, b"\0" * 60_000, b"\x3f" * 60_000):
        check_message((data + end)[:65535], "tcp")
