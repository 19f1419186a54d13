"""The guard in virtual time: strangers get nothing, a client its rate and no more, and memory is bounded."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.dns.guard import MAX_CLIENTS, Guard, read_networks
from chaoskit.errors import InputError
from chaoskit.units import SECOND

LAN = read_networks(["192.0.2.0/24", "2001:db8::/32"])
T0 = 1_000 * SECOND


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("192.0.2.7", True),
        ("192.0.3.7", False),
        ("2001:db8::7", True),
        ("2001:db9::7", False),
        ("::ffff:192.0.2.7", True),
        ("::ffff:192.0.3.7", False),
        ("fe80::1%eth0", False),
    ],
)
def test_who_is_admitted(address: str, admitted: bool) -> None:
    guard = Guard(LAN)
    assert guard.admits(address) == admitted
    assert guard.verdict(address, T0) == ("answer" if admitted else "stranger")
    assert guard.turned_away["stranger"] == (not admitted)


def test_a_second_s_worth_then_silence_or_truncation_in_turn() -> None:
    guard = Guard(LAN, rate_per_s=10)
    verdicts = [guard.verdict("192.0.2.7", T0) for _ in range(14)]
    assert verdicts == ["answer"] * 10 + ["limited", "slip", "limited", "slip"]
    assert guard.verdict("192.0.2.8", T0) == "answer", "each client has a rate of its own"
    assert guard.verdict("192.0.2.7", T0 + SECOND // 10) == "answer"
    assert guard.verdict("192.0.2.7", T0 + SECOND // 10) == "limited"
    assert dict(guard.turned_away) == {"limited": 3, "slip": 2}


def test_one_machine_s_ipv6_addresses_are_one_client() -> None:
    guard = Guard(LAN, rate_per_s=2)
    assert [guard.verdict(f"2001:db8::{n}", T0) for n in range(1, 4)] == ["answer", "answer", "limited"]
    assert guard.verdict("2001:db8:0:1::1", T0) == "answer"


def test_loopback_has_no_limit() -> None:
    guard = Guard(LAN, rate_per_s=1)
    assert {guard.verdict("127.0.0.1", T0) for _ in range(100)} == {"answer"}


def test_memory_is_bounded() -> None:
    guard = Guard(read_networks(["10.0.0.0/8"]), rate_per_s=1)
    for n in range(MAX_CLIENTS + 10):
        guard.verdict(str(ipaddress.IPv4Address("10.0.0.0") + n), T0)
    assert len(guard.clients) == MAX_CLIENTS
    assert guard.verdict("10.0.0.0", T0) == "answer", "forgotten, as the one silent for longest"
    assert guard.verdict(str(ipaddress.IPv4Address("10.0.0.0") + MAX_CLIENTS), T0) == "limited", "remembered"


@given(st.integers(1, 50), st.lists(st.integers(0, SECOND), min_size=1, max_size=200))
def test_no_pattern_of_asking_gets_more_than_the_rate(rate: int, pauses: list[int]) -> None:
    guard, now = Guard(LAN, rate_per_s=rate), T0
    answered = []
    for pause in pauses:
        now += pause
        if guard.verdict("192.0.2.7", now) == "answer":
            answered.append(now)
    for first, start in enumerate(answered):
        for last in range(first, len(answered)):
            assert last - first + 1 <= rate + (answered[last] - start) // (SECOND // rate) + 1


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("0.0.0.0/0", "is too wide"),
        ("128.0.0.0/1", "is too wide"),
        ("::/0", "is too wide"),
        ("192.0.2.1/24", "has host bits set"),
        ("lan", "write an address"),
    ],
)
def test_networks_that_are_refused(written: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_networks([written])
