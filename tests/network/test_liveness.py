"""That the proxy is at work is proved several times a second, and how late a toxic was switched is told."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaoskit.clock import VirtualClock
from chaoskit.errors import ProxyError
from chaoskit.journal.events import HarnessFailed, InjectionApplied, InjectionLifted, PlaneReady
from chaoskit.network.liveness import ANSWER_WITHIN_S, EVERY, NEAR, Liveness, next_due
from chaoskit.units import MILLISECOND, SECOND
from tests.network.conformance.waiting import until
from tests.network.test_process import Plane, injection, populate

NOWHERE = "127.0.0.1:9"


def test_it_is_asked_several_times_a_second() -> None:
    clock, asked = VirtualClock(), list[int]()
    liveness = Liveness(lambda: asked.append(clock.now()), clock.now)
    assert liveness.due is None
    liveness.begin()
    while clock.now() < SECOND:
        assert liveness.due is not None
        clock.advance(liveness.due - clock.now())
        liveness.prove()
    assert asked == [EVERY, 2 * EVERY, 3 * EVERY, 4 * EVERY]


def test_a_proxy_that_does_not_answer_is_a_failure() -> None:
    def silent() -> None:
        raise ProxyError("no answer")

    liveness = Liveness(silent, VirtualClock().now)
    liveness.begin()
    with pytest.raises(ProxyError, match="no answer"):
        liveness.prove()


def test_a_probe_during_which_the_driver_froze_is_repeated() -> None:
    """It comes too late by the driver's own clock, and the proxy is well."""
    clock, answers = VirtualClock(), [False, True]

    def probe() -> None:
        if not answers.pop(0):
            clock.advance(5 * SECOND)
            raise ProxyError("no answer within 1 s")

    liveness = Liveness(probe, clock.now)
    liveness.begin()
    liveness.prove()
    assert answers == []
    assert liveness.due == 5 * SECOND + EVERY


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


def test_a_driver_that_was_frozen_says_how_late_it_was(plane: Plane) -> None:
    """SIGSTOP while the toxic is on: it stays on for longer, and the journal has the evidence."""
    origin = time.monotonic_ns()
    plane.say({"do": "arm", "origin": origin})
    assert isinstance(plane.hear(), InjectionApplied)
    plane.process.send_signal(signal.SIGSTOP)
    until(lambda: time.monotonic_ns() > origin + 2500 * MILLISECOND)
    plane.process.send_signal(signal.SIGCONT)
    lifted = plane.hear()
    assert isinstance(lifted, InjectionLifted)
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
def test_a_frozen_proxy_is_a_harness_failure(plane: Plane, stops: bool) -> None:
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
