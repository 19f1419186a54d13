"""A service fault whose answer a toxic swallowed was felt by no client."""

from __future__ import annotations

import pytest

from chaoskit.expect.fault_exercised import FaultExercised
from chaoskit.journal import events as ev
from tests.journal.story import Story, at


def throttled(toxic: str = "timeout", *, status: int | None = None, on: float = 4000, nth: int = 1) -> Story:
    """One call from 5 s to 6 s whose answer a throttle shaped, on a connection that a toxic of 2 s touched."""
    told = (
        Story().head("app").fault(4000, 8000, "throttle", plane="service").fault(on, on + 2000, "hole", plane="network")
    )
    told.events = [
        event.with_fields(fault=toxic)
        if isinstance(event, ev.InjectionPlanned) and event.injection == "hole"
        else event.with_fields(fault="throttle")
        if isinstance(event, ev.InjectionPlanned)
        else event
        for event in told.events
    ]
    told.call("app", 5000, 6000, "failed")
    told.arrival("app", 1, 5010).arrival("other", 9, 5400, nth=nth)
    told.events = [
        event.with_fields(status=status) if isinstance(event, ev.AttemptFinished) else event for event in told.events
    ]
    return told.add(
        ev.ConnectionOpened(
            at=at(5001), connection="d#1", proxy="dynamodb@::1", peer="[::1]:9", upstream_peer="127.0.0.1:1"
        ),
        ev.RequestAnswered(at=at(5020), request=1, status=400, error="Throttling", faults=("throttle",)),
        ev.ConnectionClosed(
            at=at(6001), connection="d#1", proxy="dynamodb@::1", bytes_up=1, bytes_down=0, toxics=("hole",)
        ),
    )


@pytest.mark.parametrize(
    ("told", "felt"),
    [
        (throttled(), False),
        (throttled("reset_peer"), False),
        (throttled("latency"), True),
        (throttled(status=400), True),
        (throttled(on=7000), True),
        (throttled(nth=2), True),
    ],
    ids=["black hole", "reset", "only later", "status reported", "toxic not yet on", "another request came after it"],
)
def test_only_an_answer_that_came_shows_a_service_fault(told: Story, felt: bool) -> None:
    run = told.end().run()
    assert bool(run.met("throttle")) is felt
    assert ("throttle" in run.exposures("app")) is felt
    verdict = FaultExercised("throttle").judge(run)
    assert verdict.finding == ("held" if felt else "broken")
    assert felt or "it acted 1 time, and nobody saw it: another fault hid it" in verdict.because


def test_a_proxy_that_tells_nothing_leaves_it_unknown() -> None:
    told = throttled()
    told.events = [event for event in told.events if not isinstance(event, ev.ConnectionOpened | ev.ConnectionClosed)]
    told.add(ev.PlaneReady(at=at(-100), plane="network", implementation="Toxiproxy", addresses={}, pid=1, silent=True))
    assert not told.end().run().met("throttle")
