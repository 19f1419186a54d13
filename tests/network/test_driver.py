"""The driver's timeline, on a fake control and a clock turned by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from chaoskit.clock import VirtualClock
from chaoskit.errors import ProxyError
from chaoskit.journal.events import Event, InjectionApplied, InjectionLifted
from chaoskit.network.driver import Driver
from chaoskit.network.plan import ProxySpec
from chaoskit.network.target import NetworkTarget, Stream
from chaoskit.network.toxics import Toxic
from chaoskit.network.toxics.down import Down
from chaoskit.network.toxics.latency import Latency
from chaoskit.network.toxics.timeout import Timeout
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.window import Once, Until
from chaoskit.units import MILLISECOND, SECOND

PROXIES = [
    ProxySpec("dynamodb@127.0.1.1", "dynamodb", "127.0.1.1:0", "127.0.0.1:1"),
    ProxySpec("dynamodb@::1", "dynamodb", "[::1]:0", "127.0.0.1:1"),
    ProxySpec("ec2@127.0.1.2", "ec2", "127.0.1.2:0", "127.0.0.1:1"),
]


class FakeControl:
    """A proxy server in memory."""

    def __init__(self) -> None:
        self.on: dict[tuple[str, str], tuple[Toxic, Stream, float]] = {}
        self.removed: list[str] = []
        self.off: set[str] = set()

    def populate(self, proxies: Iterable[ProxySpec]) -> dict[str, str]:
        return {spec.name: spec.listen for spec in proxies}

    def remove_proxy(self, name: str) -> None:
        self.removed.append(name)

    def add_toxic(self, proxy: str, name: str, toxic: Toxic, stream: Stream, toxicity: float) -> None:
        assert (proxy, name) not in self.on
        self.on[proxy, name] = (toxic, stream, toxicity)

    def remove_toxic(self, proxy: str, name: str) -> None:
        del self.on[proxy, name]

    def switch(self, proxy: str, *, on: bool) -> None:
        assert (proxy in self.off) is on
        self.off ^= {proxy}


class Bench:
    """A driver with all that it talks to."""

    def __init__(self, *injections: Injection[NetworkTarget, Toxic]) -> None:
        self.control = FakeControl()
        self.clock = VirtualClock()
        self.events: list[Event] = []
        self.driver = Driver(injections, self.control, self.events.append, self.clock.now)

    def run_until(self, instant: int, late_ns: int = 0) -> None:
        """Do every change that is due up to ``instant``, each ``late_ns`` late."""
        while self.driver.due is not None and self.driver.due <= instant:
            self.clock.advance(max(0, self.driver.due + late_ns - self.clock.now()))
            self.driver.change()
        self.clock.advance(max(0, instant - self.clock.now()))


def slow(name: str, start: int, length: int) -> Injection[NetworkTarget, Toxic]:
    return Injection(name, NetworkTarget("dynamodb"), Once(start, length), Latency(5 * MILLISECOND), chance=0.5)


def test_a_toxic_goes_on_and_off_every_proxy_of_its_service() -> None:
    bench = Bench(slow("slow", SECOND, SECOND))
    bench.driver.populate(PROXIES)
    assert bench.driver.due is None
    bench.driver.arm(100)
    assert bench.driver.due == 100 + SECOND
    bench.run_until(100 + SECOND)
    assert bench.control.on == {
        ("dynamodb@127.0.1.1", "slow"): (Latency(5 * MILLISECOND), "downstream", 0.5),
        ("dynamodb@::1", "slow"): (Latency(5 * MILLISECOND), "downstream", 0.5),
    }
    bench.run_until(100 + 5 * SECOND)
    assert bench.control.on == {}
    assert bench.events == [
        InjectionApplied(at=100 + SECOND, injection="slow", due=100 + SECOND, asked=100 + SECOND),
        InjectionLifted(at=100 + 2 * SECOND, injection="slow", due=100 + 2 * SECOND, asked=100 + 2 * SECOND),
    ]
    assert bench.driver.due is None


def test_a_window_from_the_first_instant_is_not_missed() -> None:
    bench = Bench(slow("slow", 0, SECOND))
    bench.driver.populate(PROXIES)
    bench.driver.arm(50)
    assert bench.driver.due == 50


def test_a_late_driver_leaves_no_window_out_and_says_how_late() -> None:
    bench = Bench(slow("short", SECOND, MILLISECOND), slow("other", 2 * SECOND, SECOND))
    bench.driver.populate(PROXIES)
    bench.driver.arm(0)
    bench.run_until(10 * SECOND, late_ns=4 * SECOND)
    assert [(type(event).__name__, event.injection, event.due) for event in bench.events] == [  # type: ignore[union-attr]
        ("InjectionApplied", "short", SECOND),
        ("InjectionLifted", "short", SECOND + MILLISECOND),
        ("InjectionApplied", "other", 2 * SECOND),
        ("InjectionLifted", "other", 3 * SECOND),
    ]
    assert bench.events[0].at == 5 * SECOND


def test_a_window_that_waits_ends_when_its_event_is_seen() -> None:
    waiting: Injection[NetworkTarget, Toxic] = Injection(
        "slow", NetworkTarget("dynamodb"), Until(SECOND, 9 * SECOND, "app", 1), Latency(5 * MILLISECOND)
    )
    bench = Bench(waiting)
    bench.driver.populate(PROXIES)
    bench.driver.arm(0)
    bench.run_until(2 * SECOND)
    bench.driver.with_event("something else", 3 * SECOND)
    assert bench.driver.due == 10 * SECOND
    bench.driver.with_event("1 failed calls of app", 3 * SECOND)
    bench.run_until(20 * SECOND)
    assert bench.control.on == {}
    assert bench.events[-1] == InjectionLifted(at=3 * SECOND, injection="slow", due=3 * SECOND, asked=3 * SECOND)


def test_one_ends_where_the_other_begins() -> None:
    bench = Bench(slow("first", 0, SECOND), Injection("second", NetworkTarget("ec2"), Once(SECOND, SECOND), Timeout(0)))
    bench.driver.populate(PROXIES)
    bench.driver.arm(0)
    bench.run_until(SECOND)
    assert set(bench.control.on) == {("ec2@127.0.1.2", "second")}


def test_down_lasts_until_the_last_such_injection_is_over() -> None:
    bench = Bench(
        Injection("a", NetworkTarget("ec2"), Once(0, 2 * SECOND), Down()),
        Injection("b", NetworkTarget("dynamodb"), Once(0, SECOND), Down()),
        Injection("c", NetworkTarget("ec2"), Once(2 * SECOND, SECOND), Down()),
        slow("slow", 0, 4 * SECOND),
    )
    bench.driver.populate(PROXIES)
    bench.driver.arm(0)
    bench.run_until(0)
    assert bench.control.off == {spec.name for spec in PROXIES}
    assert {name for _, name in bench.control.on} == {"slow"}
    bench.run_until(SECOND)
    assert bench.control.off == {"ec2@127.0.1.2"}
    bench.run_until(2 * SECOND)
    assert bench.control.off == {"ec2@127.0.1.2"}, "c begins where a ends"
    bench.run_until(5 * SECOND)
    assert bench.control.off == set()


def test_overlapping_downs_switch_off_once_and_on_once() -> None:
    bench = Bench(
        Injection("a", NetworkTarget("ec2"), Once(0, 2 * SECOND), Down()),
        Injection("b", NetworkTarget("ec2"), Once(SECOND, 2 * SECOND), Down()),
    )
    bench.driver.populate(PROXIES)
    bench.driver.arm(0)
    bench.run_until(2 * SECOND + 1)
    assert bench.control.off == {"ec2@127.0.1.2"}
    bench.run_until(3 * SECOND)
    assert bench.control.off == set()
    assert [type(event).__name__ for event in bench.events] == [
        "InjectionApplied",
        "InjectionApplied",
        "InjectionLifted",
        "InjectionLifted",
    ]


def test_the_end_of_the_run_takes_off_what_is_on() -> None:
    bench = Bench(slow("slow", SECOND, SECOND))
    bench.driver.populate(PROXIES)
    bench.driver.arm(0)
    bench.run_until(SECOND + 7)
    bench.driver.lift_all()
    assert bench.control.on == {}
    assert bench.events[-1] == InjectionLifted(at=SECOND + 7, injection="slow", due=2 * SECOND, asked=SECOND + 7)
    bench.driver.remove_proxies()
    assert bench.control.removed == [spec.name for spec in PROXIES]


ZONED = [
    ProxySpec(f"dynamodb@127.11.{zone}.1", "dynamodb", f"127.11.{zone}.1:0", "127.0.0.1:1", zone) for zone in (1, 2)
]


def test_what_is_aimed_at_a_zone_meets_that_zone_alone() -> None:
    dark: Injection[NetworkTarget, Toxic] = Injection(
        "dark", NetworkTarget("dynamodb", zone=2), Once(0, SECOND), Timeout(0)
    )
    bench = Bench(dark)
    bench.driver.populate(ZONED)
    bench.driver.arm(0)
    bench.run_until(0)
    assert set(bench.control.on) == {("dynamodb@127.11.2.1", "dark")}
    with pytest.raises(ProxyError, match="zone 3, which has no proxy"):
        Bench(Injection("lost", NetworkTarget("dynamodb", zone=3), Once(0, 1), Timeout(0))).driver.populate(ZONED)


def test_a_zone_down_twice_comes_back_when_both_are_over() -> None:
    zone: Injection[NetworkTarget, Toxic] = Injection(
        "zone", NetworkTarget("dynamodb", zone=1), Once(0, 3 * SECOND), Down()
    )
    whole: Injection[NetworkTarget, Toxic] = Injection("whole", NetworkTarget("dynamodb"), Once(SECOND, SECOND), Down())
    bench = Bench(zone, whole)
    bench.driver.populate(ZONED)
    bench.driver.arm(0)
    off = []
    for second in range(4):
        bench.run_until(second * SECOND)
        off.append(sorted(bench.control.off))
    first, both = ["dynamodb@127.11.1.1"], ["dynamodb@127.11.1.1", "dynamodb@127.11.2.1"]
    assert off == [first, both, first, []]


def test_an_injection_without_a_proxy_is_refused() -> None:
    bench = Bench(Injection("lost", NetworkTarget("s3"), Once(0, 1), Timeout(0)))
    with pytest.raises(ProxyError, match="s3, downstream, which has no proxy; known: dynamodb, ec2"):
        bench.driver.populate(PROXIES)


def test_when_a_change_was_due_begun_and_confirmed() -> None:
    """A server that takes its time: the toxic is certainly off before ``asked``, and certainly on from ``at``."""
    bench = Bench(slow("slow", SECOND, SECOND))
    bench.driver.populate(PROXIES[:1])
    add, remove = bench.control.add_toxic, bench.control.remove_toxic

    def add_slowly(*words: Any) -> None:
        bench.clock.advance(300 * MILLISECOND)
        add(*words)

    def remove_slowly(*words: Any) -> None:
        bench.clock.advance(400 * MILLISECOND)
        remove(*words)

    bench.control.add_toxic, bench.control.remove_toxic = add_slowly, remove_slowly  # type: ignore[assignment,method-assign]
    bench.driver.arm(0)
    bench.run_until(3 * SECOND, late_ns=10 * MILLISECOND)
    assert bench.events == [
        InjectionApplied(at=1310 * MILLISECOND, injection="slow", due=SECOND, asked=1010 * MILLISECOND),
        InjectionLifted(at=2410 * MILLISECOND, injection="slow", due=2 * SECOND, asked=2010 * MILLISECOND),
    ]


def test_a_toxic_for_some_addresses_goes_on_their_proxies_alone() -> None:
    where = NetworkTarget("dynamodb", addresses=("127.0.1.0/30", "2001:db8::/32"))
    bench = Bench(Injection("some", where, Once(0, SECOND), Timeout(0)))
    bench.driver.populate(PROXIES)
    bench.driver.arm(0)
    bench.run_until(0)
    assert set(bench.control.on) == {("dynamodb@127.0.1.1", "some")}


def test_an_address_that_the_service_has_not_is_refused() -> None:
    bench = Bench(Injection("none", NetworkTarget("dynamodb", addresses=("127.0.9.9",)), Once(0, SECOND), Timeout(0)))
    with pytest.raises(ProxyError, match=r"for dynamodb, downstream, at 127\.0\.9\.9, which has no proxy"):
        bench.driver.populate(PROXIES)


@pytest.mark.parametrize("prefix", ["", "127.0.0.1/33", "127.0.0.1/8", "localhost"])
def test_what_is_no_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match=r"addresses: .*; write for example 127\.0\.1\.1"):
        NetworkTarget("dynamodb", addresses=(prefix,))
