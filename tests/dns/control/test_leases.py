"""Leases in virtual time: whatever is heard or asked, and whenever, the end is where the rules put it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.dns.control.leases import SHORTEST_HEARTBEAT_NS, LeaseRules
from chaoskit.units import MINUTE, SECOND

RULES = LeaseRules()
T0 = 1_000 * SECOND


def test_who_names_no_time_gets_a_minute() -> None:
    lease = RULES.grant(T0, None, None)
    assert lease.ends == T0 + 60 * SECOND
    assert LeaseRules(longest_ns=5 * SECOND).grant(T0, None, None).ends == T0 + 5 * SECOND


def test_it_is_on_from_start_to_deadline_to_the_nanosecond() -> None:
    lease = RULES.grant(T0, 30 * SECOND, None)
    end = T0 + 30 * SECOND
    assert [lease.window.active(at) for at in (T0 - 1, T0, end - 1, end)] == [False, True, True, False]
    assert (lease.over(end - 1), lease.over(end)) == (None, "deadline")


def test_a_silent_controller_ends_it_before_the_deadline() -> None:
    lease = RULES.grant(T0, 30 * SECOND, 5 * SECOND)
    assert (lease.ends, lease.over(T0 + 5 * SECOND)) == (T0 + 5 * SECOND, "heartbeat")
    heard = lease.heard_at(T0 + 4 * SECOND)
    assert heard.ends == T0 + 9 * SECOND
    with pytest.raises(ValueError, match=r"the injection is over \(heartbeat\)"):
        heard.heard_at(T0 + 9 * SECOND)


def test_heartbeats_do_not_move_the_deadline() -> None:
    lease = RULES.grant(T0, 30 * SECOND, 5 * SECOND)
    for second in range(1, 30):
        lease = lease.heard_at(T0 + second * SECOND)
    assert (lease.ends, lease.over(lease.ends)) == (T0 + 30 * SECOND, "deadline")


def test_renewal_stops_at_the_limit() -> None:
    lease = RULES.grant(T0, MINUTE, None).renewed(T0 + 30 * SECOND, 9 * MINUTE)
    assert lease.ends == T0 + 30 * SECOND + 9 * MINUTE
    with pytest.raises(ValueError, match="may live 10 min in all; of that at most 9 min are left"):
        lease.renewed(T0 + MINUTE, 9 * MINUTE + 1)
    with pytest.raises(ValueError, match="longer than 0; to end an injection, delete it"):
        lease.renewed(T0 + MINUTE, 0)


@pytest.mark.parametrize(
    ("length", "heartbeat", "message"),
    [
        (0, None, "longer than 0"),
        (10 * MINUTE + 1, None, "at most 10 min"),
        (SECOND, SHORTEST_HEARTBEAT_NS - 1, "at least 100 ms"),
    ],
)
def test_what_is_not_granted(length: int, heartbeat: int | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RULES.grant(T0, length, heartbeat)


@given(
    st.integers(1, RULES.longest_ns),
    st.none() | st.integers(SHORTEST_HEARTBEAT_NS, MINUTE),
    st.lists(st.tuples(st.booleans(), st.integers(0, MINUTE), st.integers(1, 11 * MINUTE))),
)
def test_no_renewals_outlive_the_limit_or_a_silence(
    length: int, heartbeat: int | None, steps: list[tuple[bool, int, int]]
) -> None:
    lease, now = RULES.grant(T0, length, heartbeat), T0
    heard = [T0]
    for renew, pause, asked in steps:
        now += pause
        try:
            lease = lease.renewed(now, asked) if renew else lease.heard_at(now)
        except ValueError:
            assert lease.over(now) or (renew and now + asked > T0 + RULES.longest_ns), "refused without need"
            continue
        heard.append(now)
        assert lease.window.active(now)
    assert lease.ends <= T0 + RULES.longest_ns
    if heartbeat is not None:
        assert lease.ends <= heard[-1] + heartbeat
        assert all(later - earlier < heartbeat for earlier, later in pairwise(heard))
