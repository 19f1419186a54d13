"""Which queries a fault may touch: names, patterns, limits and counting."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.dns.message import Query
from chaoskit.dns.pattern import MAX_NAME, matches_pattern
from chaoskit.dns.target import DnsTarget

NAMES = ["", "test", "api.test", "www.api.test", "a.b.api.test", "xapi.test", "api.test.org", "api-1.test"]


def question(**changed: Any) -> Query:
    given: dict[str, Any] = {
        "name": "api.test", "rtype": "A", "transport": "udp", "asker": "cold", "client": "127.0.0.1", "edns_size": None,
        "ordinal": 1,
    }  # fmt: skip
    return Query(**(given | changed))


@pytest.mark.parametrize(
    ("where", "meant"),
    [
        (DnsTarget("API.test."), ["api.test"]),
        (DnsTarget(""), [""]),
        (DnsTarget(under="API.test."), ["api.test", "www.api.test", "a.b.api.test"]),
        (DnsTarget(under="."), NAMES),
        (DnsTarget(glob="*.API.test"), ["www.api.test", "a.b.api.test"]),
        (DnsTarget(glob="?api.test"), ["xapi.test"]),
        (DnsTarget(glob="api*."), ["api.test", "api.test.org", "api-1.test"]),
        (DnsTarget(glob="[ab].*"), ["a.b.api.test"]),
        (DnsTarget(regex=r"API(-\d+)?\.test"), ["api.test", "api-1.test"]),
        (DnsTarget(regex=r"(www|a\.b)\.api\.test"), ["www.api.test", "a.b.api.test"]),
        (DnsTarget(regex=r"api"), []),
    ],
)  # fmt: skip
def test_names(where: DnsTarget, meant: list[str]) -> None:
    assert [name for name in NAMES if where.covers(name)] == meant
    assert [name for name in NAMES if where.matches(question(name=name))] == meant


@pytest.mark.parametrize(
    ("limits", "query", "meant"),
    [
        ({"types": ("aaaa", "TYPE1")}, question(rtype="A"), True),
        ({"types": ("AAAA",)}, question(rtype="A"), False),
        ({"transports": ("tcp",)}, question(), False),
        ({"clients": ("warm", "cold")}, question(), True),
        ({"networks": ("127.0.0.0/8",)}, question(), True),
        ({"networks": ("127.0.0.2",)}, question(), False),
        ({"networks": ("::1", "10.0.0.0/8")}, question(client="::1"), True),
        ({"networks": ("fe80::/10",)}, question(client="fe80::1%lo"), True),
        ({"networks": ("::/0",)}, question(), False),
    ],
)
def test_limits(limits: dict[str, Any], query: Query, meant: bool) -> None:
    assert DnsTarget("api.test", **limits).matches(query) is meant


@given(st.integers(1, 9), st.integers(1, 9))
def test_counting(first: int, every: int) -> None:
    due = [n for n in range(1, 30) if DnsTarget("a", first=first).due(n)]
    assert due == list(range(1, first + 1))
    assert [n for n in range(1, 30) if DnsTarget("a", every=every).due(n)] == list(range(every, 30, every))
    both = DnsTarget("a", first=first, every=every)
    assert [n for n in range(1, 30) if both.due(n)] == list(range(every, first + 1, every))
    assert both.counts
    assert not DnsTarget("a").counts


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "exactly one of name, under, glob or regex"),
        ({"name": "a", "under": "b"}, "exactly one of"),
        ({"name": "a..b"}, "empty label"),
        ({"under": "ä.test"}, "xn-- form"),
        ({"glob": "api.test"}, "no \\*, \\? or \\["),
        ({"glob": ""}, "1 to 255"),
        ({"regex": "("}, "no regular expression"),
        ({"regex": ""}, "1 to 200 characters"),
        ({"regex": r"(a)\1"}, r"no \\1\): invalid escape sequence"),
        ({"regex": "(?=a)b"}, "no look-around"),
        ({"regex": "a{1001}"}, "invalid repetition size"),
        ({"regex": "((a{0,30}){0,30}){0,1}b"}, "repeats too much within repeats"),
        ({"regex": "a\ud800"}, "half of a character"),
        ({"name": "a", "types": ("AAAAA",)}, "no record type"),
        ({"name": "a", "networks": ("127.0.0.1/8",)}, "has host bits set; write an address or a prefix"),
        ({"name": "a", "first": 0}, "counts from 1"),
        ({"name": "a", "every": -1}, "counts from 1"),
    ],
)
def test_what_is_wrong_is_told(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DnsTarget(**wrong)


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+", "(?:a|b)*x", "(a|a)" * 40, "a?" * 30 + "a" * 30, ".*" * 60 + "x", "[ab]*a[ab]{400}x", "(a{0,30}){0,10}x"],
)
def test_no_pattern_runs_away(pattern: str) -> None:
    begun = time.process_time()
    matches_pattern(pattern, "a" * MAX_NAME)
    # Python's engine would take years for some; this is the processor's time, so a busy machine does not matter.
    assert time.process_time() - begun < 1


@given(st.from_regex(r"[ab.]{0,12}", fullmatch=True))
def test_ordinary_patterns_mean_what_python_takes_them_for(name: str) -> None:
    for pattern in (r"a+\.b*", r"(a|b){2,3}", r"[^.]+\.[^.]+", r"(?:a\.)?b", r".*b", r"A\W?b"):
        assert matches_pattern(pattern, name) == bool(re.fullmatch(pattern, name, re.IGNORECASE | re.ASCII))


def test_a_name_of_escapes_is_too_long_for_a_pattern() -> None:
    assert not matches_pattern(".*", "a" * (MAX_NAME + 1))


@pytest.mark.parametrize(
    ("where", "apex", "met"),
    [
        (DnsTarget("www.api.test"), "api.test", True),
        (DnsTarget("api.test"), "api.test", True),
        (DnsTarget("test"), "api.test", False),
        (DnsTarget("www.api.test"), "", True),
        (DnsTarget(under="test"), "api.test", True),
        (DnsTarget(under="x.api.test"), "api.test", True),
        (DnsTarget(under="org"), "api.test", False),
        (DnsTarget(glob="*.api.test"), "api.test", True),
        (DnsTarget(glob="*.org"), "api.test", False),
        (DnsTarget(regex=r"www\..*"), "api.test", True),
    ],
)
def test_could_it_meet_a_zone(where: DnsTarget, apex: str, met: bool) -> None:
    assert where.could_meet(apex, ("api.test", "www.api.test")) is met


@pytest.mark.parametrize(
    ("where", "met"),
    [
        (DnsTarget(glob="a.*.test"), True),
        (DnsTarget(glob="a.b?api.test"), True),
        (DnsTarget(glob="*.org"), False),
        (DnsTarget(regex=r"www\..*"), True),
    ],
)
def test_a_wildcard_is_met_by_what_could_lie_below_it(where: DnsTarget, met: bool) -> None:
    assert where.could_meet("api.test", ("*.api.test",)) is met


def test_aliases_mean_what_the_name_means() -> None:
    where = DnsTarget("s3.test", aliases=("S3.example.", "*.s3.test"))
    assert [where.covers(name) for name in ("s3.test", "s3.example", "b.s3.test", "a.b.s3.test", "xs3.test")] == [
        True,
        True,
        True,
        True,
        False,
    ]
    assert where.describe() == "s3.test and its aliases"
    assert DnsTarget("s3.test", aliases=()).describe() == "s3.test"
    with pytest.raises(ValueError, match="'aliases' stand beside a 'name'"):
        DnsTarget(glob="*.s3.test", aliases=("a.test",))


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (DnsTarget("api.test", types=("A", "AAAA"), transports=("udp",)), "api.test (A, AAAA; udp)"),
        (DnsTarget(under="api.test", first=3), "api.test and below (first 3)"),
        (DnsTarget(under="."), "every name"),
        (DnsTarget(glob="*.test", every=2, networks=("::1",)), "*.test (::1/128; one in 2)"),
        (DnsTarget(regex="a.*"), "/a.*/"),
        (DnsTarget(""), "the root"),
    ],
)
def test_it_reads_well(where: DnsTarget, text: str) -> None:
    assert where.describe() == text
