"""The fleet as arrays is held to the fleet one by one, and both to the mechanism."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from chaoskit.cascade.day import fleet, one_by_one
from chaoskit.cascade.day.fleet import FleetDay, Settings

HOSTS = 500
play_fleet = cache(fleet.play_fleet)
play_one_by_one = cache(one_by_one.play_one_by_one)
DISTANCE = 0.01
"""The largest difference of the shares of leases held, over all minutes; two seeds of one engine differ by about twice that."""


def settings(hosts: int = HOSTS, **change: Any) -> Settings:
    usual: dict[str, Any] = {
        "hosts": hosts,
        "lease_s": 260 * 60,
        "full_release_s": 57 * 60,
        "time_out_s": 60,
        "retry_s": 180,
        "throttle": 0.46,
        "network_ratio": 0.906,
        "launch_ratio": 0.21,
        "record_back_s": 157 * 60,
        "throttled_s": 266 * 60,
        "relax_delay_s": 47 * 60,
        "length_s": 21_000,
    }
    return Settings(**{**usual, **change})


def apart(one: FleetDay, other: FleetDay) -> float:
    pairs = zip(one.minutes, other.minutes, strict=False)
    return max(abs(a.held - b.held) for a, b in pairs) / one.settings.hosts


@pytest.mark.parametrize(
    "change",
    [{}, {"retry_s": 3600, "time_out_s": 300}, {"throttle_from_start": True}, {"jitter": False, "length_s": 25_200}],
    ids=["as it was", "long retry", "throttled from the start", "without jitter"],
)
def test_arrays_and_single_hosts_tell_the_same_day(change: dict[str, Any]) -> None:
    arrays, single = (play(settings(**change), 1) for play in (play_fleet, play_one_by_one))
    assert apart(arrays, single) <= DISTANCE
    assert arrays.leases_held_s is not None
    assert single.leases_held_s is not None
    assert abs(arrays.leases_held_s - single.leases_held_s) <= 300, "one round of state checks"
    assert arrays.served_for_nobody == pytest.approx(single.served_for_nobody, rel=0.02, abs=5)


def test_the_distance_would_tell_another_day_apart() -> None:
    """A distance that no difference exceeds would be no test: a retry period a quarter longer is found."""
    assert apart(play_fleet(settings(), 1), play_one_by_one(settings(throttle=0.40), 1)) > 3 * DISTANCE


def test_nothing_recovers_before_the_throttle_and_all_after_it() -> None:
    day = play_fleet(settings(), 1)
    shares = [minute.held / HOSTS for minute in day.minutes]
    assert 0.35 < shares[200] < 0.45
    assert shares[200] == shares[265]
    assert day.leases_held_s is not None
    assert 266 < day.leases_held_s / 60 < 266 + 90
    assert day.served_for_nobody > 0.9 * (266 - 157) * 60 * settings().rate_per_s - HOSTS


def test_a_period_longer_than_the_release_recovers_alone() -> None:
    day = play_fleet(settings(retry_s=3600, time_out_s=300), 1)
    assert day.leases_held_s is not None
    assert day.leases_held_s < 266 * 60


def test_equal_seeds_play_the_same_day_and_hosts_scale_it() -> None:
    day, again, other = play_fleet(settings(), 1), fleet.play_fleet(settings(), 1), play_fleet(settings(), 2)
    assert day == again
    assert day.minutes != other.minutes
    large = play_fleet(settings(hosts=5_000), 1)
    assert large.leases_held_s is not None
    assert day.leases_held_s is not None
    assert abs(large.leases_held_s - day.leases_held_s) < 900


def test_the_queue_is_bounded_and_what_is_refused_is_counted() -> None:
    day = play_fleet(settings(retry_s=20, time_out_s=20, length_s=12_000), 1)
    assert max(minute.waiting for minute in day.minutes) <= 16 * HOSTS
    assert day.refused > HOSTS
    assert sum(minute.refused for minute in day.minutes) == day.refused


@pytest.mark.slow
def test_waiting_launches_are_done_once_throttles_are_relaxed() -> None:
    day = play_fleet(settings(length_s=15 * 3600), 1)
    done, asked = (sum(getattr(m, name) for m in day.minutes) for name in ("launches_done", "launches_wanted"))
    assert day.recovered_s is not None
    assert done == pytest.approx(asked, abs=HOSTS)
    assert sum(minute.launches_done for minute in day.minutes[:640]) == 0


@pytest.mark.slow
def test_a_hundred_thousand_hosts_stay_close_to_a_thousand() -> None:
    large, small = play_fleet(settings(hosts=100_000), 1), play_fleet(settings(hosts=1_000), 1)
    pairs = zip(large.minutes, small.minutes, strict=True)
    assert max(abs(a.held / 100_000 - b.held / 1_000) for a, b in pairs) < 0.04
