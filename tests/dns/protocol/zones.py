"""The zones that the protocol suite asks for: one name for each rule."""

from __future__ import annotations

from typing import Any


def _records(*written: str) -> list[dict[str, Any]]:
    """``name TTL TYPE data``, the names below ``p.test``, ``@`` for itself."""
    records = []
    for line in written:
        name, ttl, rtype, data = line.split(maxsplit=3)
        records.append(
            {"name": "p.test" if name == "@" else f"{name}.p.test", "ttl": int(ttl), "rtype": rtype, "data": data}
        )
    return records


NEGATIVE_TTL = 60

P_TEST: dict[str, Any] = {
    "apex": "p.test",
    "soa": {"mname": "ns.p.test.", "rname": "hostmaster.p.test.", "minimum": NEGATIVE_TTL, "ttl": 900},
    "records": _records(
        "@ 300 NS ns.p.test.",
        "ns 300 A 127.0.0.53",
        "@ 5 A 127.0.0.1",
        "@ 5 A 127.0.0.2",
        "@ 5 AAAA ::1",
        "@ 7 MX 10 mail.p.test.",
        '@ 8 TXT "one" "two words"',
        "@ 9 CAA 0 issue ca.test",
        "_dns._udp 9 SRV 1 2 53 ns.p.test.",
        "odd 5 TYPE65400 \\# 3 010203",
        "deep.under.empty 5 A 127.0.0.3",
        "*.wild 5 A 127.0.0.4",
        "is.wild 5 TXT here",
        "*.walias 5 CNAME ns.p.test.",
        "www 5 CNAME ns.p.test.",
        "two 6 CNAME www.p.test.",
        "gone 5 CNAME nothing.p.test.",
        "nodata 5 CNAME odd.p.test.",
        "out 5 CNAME elsewhere.example.",
        "loop 5 CNAME pool.p.test.",
        "pool 5 CNAME loop.p.test.",
        "cross 5 CNAME host.q.test.",
        "sub 20 NS ns.sub.p.test.",
        "sub 20 NS ns2.sub.p.test.",
        "sub 21 DS 12345 13 2 " + "ab" * 32,
        "ns.sub 20 A 127.0.0.5",
        "ns2.sub 20 AAAA ::5",
        "hidden.sub 20 A 127.0.0.6",
        "into 5 CNAME www.sub.p.test.",
        "moved 11 DNAME new.p.test.",
        "host.new 5 A 127.0.0.7",
        "slow 5 A 127.0.0.8",
        r"a\.b 5 A 127.0.0.9",
        *(f"mid 5 A 127.1.0.{n}" for n in range(50)),
        *(f"many 5 A 127.2.0.{n}" for n in range(120)),
        *(f"wide 5 NS ns{n}.wide.p.test." for n in range(12)),
        *(f"ns{n}.wide 5 A 127.3.0.{n}" for n in range(12)),
        *(f"ns{n}.wide 5 AAAA ::{n}" for n in range(12)),
        *(f'fat 5 TXT "{"x" * 250}{n}"' for n in range(200)),
    ),
}

Q_TEST: dict[str, Any] = {
    "apex": "q.test",
    "records": [{"name": "host.q.test", "ttl": 5, "rtype": "A", "data": "127.0.0.10"}],
}

ZONES = [P_TEST, Q_TEST]
