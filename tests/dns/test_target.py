"""Which queries a fault may touch: names, patterns, limits and counting."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.dns.message import Query
from chaoskit.dns.pattern import MAX_NAME, matches_pattern, read_pattern
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
        ({"regex": "(a+)+"}, "repeats a group"),
        ({"regex": "(?:a|b)*x"}, "repeats a group"),
        ({"regex": "(a){2}"}, "repeats a group"),
        ({"regex": r"(a)\1"}, "back-references"),
        ({"regex": "(?=a)b"}, "look-around"),
        ({"regex": ".*.*.*.*"}, "4 repeats"),
        ({"regex": "a?" * 30 + "a" * 30}, "30 choices"),
        ({"regex": "(a|a)" * 40}, "40 choices"),
        ({"name": "a", "types": ("AAAAA",)}, "no record type"),
        ({"name": "a", "networks": ("127.0.0.1/8",)}, "has host bits set; write an address or a prefix"),
        ({"name": "a", "first": 0}, "counts from 1"),
        ({"name": "a", "every": -1}, "counts from 1"),
    ],
)
def test_what_is_wrong_is_told(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        DnsTarget(**wrong)


@pytest.mark.parametrize("pattern", [r"\+\*\?", "[*+?|]{1,3}", r"(?:a\.)?b", "a+?b*?", r"[^.]+\.[^.]+\.test"])
def test_signs_that_are_no_repeats_are_none(pattern: str) -> None:
    read_pattern(pattern)


@pytest.mark.parametrize("pattern", [".*.*.*x", "a*a*a*b", "a?a?a?a?a?a?a?a*a*b", "(a|a|a)(a|a|a)(a|a|a)(a|a)a*a*b"])
def test_the_worst_pattern_does_not_run_away(pattern: str) -> None:
    begun = time.process_time()
    assert not matches_pattern(pattern, "a" * MAX_NAME)
    # Unbounded ones would take years; this is the processor's time, so a busy machine does not matter.
    assert time.process_time() - begun < 10


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
    assert where.name is not None or where.under is not None or where.could_meet(apex, ("*.api.test",))


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
