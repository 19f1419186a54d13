"""That driver and proxy are at work is proved several times a second, and each gap without proof is told."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.clock import VirtualClock
from chaoskit.errors import ProxyError
from chaoskit.journal.events import (
    Event,
    HarnessFailed,
    InjectionApplied,
    InjectionLifted,
    PlaneReady,
    PlaneStalled,
)
from chaoskit.network.liveness import ANSWER_WITHIN_S, EVERY, NEAR, STALL, Liveness, next_due
from chaoskit.units import MILLISECOND, SECOND
from tests.network.conformance.waiting import until
from tests.network.test_process import Plane, injection, populate

NOWHERE = "127.0.0.1:9"


class Bench:
    """A liveness on a clock turned by hand; the proxy takes ``takes`` to answer."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.events: list[Event] = []
        self.takes = 0
        self.liveness = Liveness(self._probe, self.events.append, self.clock.now)

    def _probe(self) -> None:
        self.clock.advance(self.takes)


def test_nothing_is_told_while_all_is_well() -> None:
    bench = Bench()
    assert bench.liveness.due is None
    bench.liveness.begin()
    for _ in range(100):
        assert bench.liveness.due is not None
        bench.clock.advance(bench.liveness.due - bench.clock.now())
        bench.liveness.prove()
    assert bench.events == []
    assert 4 * EVERY <= SECOND, "several times a second"


@given(frozen=st.integers(0, 10 * SECOND), takes=st.integers(0, 10 * SECOND))
def test_a_gap_is_told_when_it_is_over(frozen: int, takes: int) -> None:
    bench = Bench()
    bench.clock.advance(7)
    bench.liveness.begin()
    bench.clock.advance(frozen)
    bench.takes = takes
    bench.liveness.prove()
    gap = frozen + takes
    assert bench.events == ([PlaneStalled(at=7 + gap, plane="network", since=7)] if gap > STALL else [])
    assert bench.liveness.due == 7 + gap + EVERY


def test_a_proxy_that_does_not_answer_is_a_failure() -> None:
    def silent() -> None:
        raise ProxyError("no answer")

    liveness = Liveness(silent, lambda event: None, VirtualClock().now)
    liveness.begin()
    with pytest.raises(ProxyError, match="no answer"):
        liveness.prove()


def test_a_probe_that_was_under_way_while_the_driver_was_frozen_is_made_again() -> None:
    """It comes too late by the driver's own clock, and the proxy is well: that is a stall, and no failure."""
    clock, events, answers = VirtualClock(), list[Event](), [False, True]

    def probe() -> None:
        if not answers.pop(0):
            clock.advance(5 * SECOND)
            raise ProxyError("no answer within 1 s")

    liveness = Liveness(probe, events.append, clock.now)
    liveness.begin()
    liveness.prove()
    assert events == [PlaneStalled(at=5 * SECOND, plane="network", since=0)]
    assert answers == []


def test_a_proof_never_makes_a_change_late() -> None:
    assert next_due(None, None) is None
    assert next_due(5, None) == next_due(None, 5) == 5
    assert next_due(SECOND, SECOND - NEAR) == SECOND - NEAR
    assert next_due(SECOND, SECOND - NEAR + 1) == SECOND
    assert next_due(SECOND, SECOND + 1) == SECOND


@pytest.fixture
def plane() -> Iterator[Plane]:
    """A plane whose toxic is on for half a second, at 1 s."""
    faults = [injection("slow", {"reset_peer": {"timeout": 0}}, SECOND, 500 * MILLISECOND)]
    plane = Plane("chaoskit.network", {"toxiproxy": None, "injections": faults})
    plane.say(populate(NOWHERE))
    assert isinstance(plane.hear(), PlaneReady)
    yield plane
    plane.process.send_signal(signal.SIGCONT)
    plane.close()


def test_a_driver_that_was_frozen_says_so_and_how_late_it_was(plane: Plane) -> None:
    """SIGSTOP while the toxic is on: it stays on for longer, and the journal has the evidence."""
    origin = time.monotonic_ns()
    plane.say({"do": "arm", "origin": origin})
    assert isinstance(plane.hear(), InjectionApplied)
    plane.process.send_signal(signal.SIGSTOP)
    until(lambda: time.monotonic_ns() > origin + 2500 * MILLISECOND)
    plane.process.send_signal(signal.SIGCONT)
    events: list[Event] = []
    while not (lifts := [event for event in events if isinstance(event, InjectionLifted)]) or not any(
        isinstance(event, PlaneStalled) and event.since < lifts[0].due < event.at for event in events
    ):
        events.append(plane.hear_any())
    (lifted,) = lifts
    assert lifted.due == origin + 1500 * MILLISECOND
    assert lifted.asked is not None
    assert lifted.at >= lifted.asked >= origin + 2500 * MILLISECOND
    assert plane.stop() == []


def _embedded(plane: Plane) -> int:
    """The process of the embedded proxy under ``plane``."""
    children = Path(f"/proc/{plane.process.pid}/task/{plane.process.pid}/children")
    if not children.exists():
        pytest.skip("this kernel does not tell a process's children")
    (pid,) = map(int, children.read_text().split())
    return pid


@pytest.mark.parametrize("stops", [False, True], ids=["while the run goes on", "when the run is over"])
def test_a_proxy_that_is_frozen_ends_the_plane_as_a_failure_of_the_harness(plane: Plane, stops: bool) -> None:
    pid = _embedded(plane)
    plane.say({"do": "arm", "origin": time.monotonic_ns() + 3600 * SECOND})
    os.kill(pid, signal.SIGSTOP)
    if stops:
        plane.say({"do": "stop"})
    try:
        failure = plane.hear()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert isinstance(failure, HarnessFailed)
    assert f"was asked to answer: no answer within {ANSWER_WITHIN_S:g} s" in failure.message
    assert plane.process.wait(30) == 4
