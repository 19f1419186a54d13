"""Injections as anybody may ask for them over the API: sound ones, and words and numbers that somebody might try."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import strategies as st

from chaoskit.dns.faults import FAULTS

NAMES = st.sampled_from(
    [
        "p.test",
        "www.p.test",
        "*.wild.p.test",
        'quo\\"te.p.test',
        "a\\046b.p.test",
        ".",
        "x" * 63,
        "nowhere.invalid",
        "fat.p.test",
    ]
)
NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 2, 16, 512, 59_000, 65_535, 1 << 31, 1 << 63, 10**30]),
    st.sampled_from([0.0, 1e-4, 0.5, 1.0, 1e-300, 1e300, float("nan"), float("inf")]),
    st.integers(0, 70_000),
)
DURATIONS = st.sampled_from(["0s", "1ns", "5ms", "1s", "60s", "1h", "2h", "999999999h"])
WORDS = st.one_of(
    st.sampled_from(
        ["192.0.2.1", "2001:db8::1", "fe80::1%lo", "random", "refused", "loop", "dangling", "redirect", "pareto", "normal",
         "uniform", "answer", "length", "half", "drip", "reset", "strip", "referral", "shuffle", "BADCOOKIE", "RCODE4095",
         "servfail", "10 mail.test.", "0 5 443 .", '"text"', "\\# 2 0102"]
    ),
    st.text(max_size=8),
    NAMES,
)  # fmt: skip
VALUES = st.one_of(NUMBERS, DURATIONS, WORDS, st.booleans(), st.lists(WORDS, max_size=3), st.none())


@st.composite
def faults(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(FAULTS.kinds))
    fields = [field.name for field in dataclasses.fields(FAULTS.get(kind))]
    chosen = draw(st.lists(st.sampled_from(fields), unique=True, max_size=3)) if fields else []
    return {kind: {name: draw(VALUES) for name in chosen}}


SOUND: list[dict[str, Any]] = [
    {"oversize": {"by": 59_000}},
    {"duplicate": {"copies": 16}},
    {"delay": {"by": "1s", "distribution": "pareto", "shape": 1e-4}},
    {"cname": {"how": "loop"}},
    {"cname": {"how": "loop", "to": 'quo\\"te.p.test'}},
    {"cname": {"to": "a.b\\.c.p.test"}},
    {"address": {"preset": "random"}},
    {"garbage": {"place": "length"}},
    {"hangup": {"how": "drip", "every": "1ms"}},
    {"rcode": {"code": "RCODE4095", "ede": 65535, "text": "x" * 100}},
    {"spoof": {"txt": ['"' + "x" * 250 + '"'] * 3, "cname": "p.test"}},
    {"truncate": {"keep": 3, "tcp": True}},
    {"stale": {}},
    {"lame": {"how": "referral"}},
]


@st.composite
def wheres(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["name", "under", "under", "glob", "regex"]))
    names = {"glob": "*p.test", "regex": "(a|b|.)*test"}.get(kind) or draw(NAMES)
    more: dict[str, Any] = draw(
        st.sampled_from(
            [{}, {}, {"types": ["A"]}, {"transports": ["tcp"]}, {"first": 2}, {"every": 2}, {"clients": ["127.0.0.1"]}]
        )
    )
    return {kind: names, **more}


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A request to begin an injection; perhaps one that is refused."""
    fault = draw(st.one_of(st.sampled_from(SOUND), faults()))
    asked: dict[str, Any] = {"fault": fault, "where": draw(wheres())}
    if draw(st.booleans()):
        asked["chance"] = draw(st.sampled_from([1.0, 0.5, 1e-9]))
    return asked
