"""What a journal of a real cascade tells: losses in the users' words, levels, launches, the page, and real beside simulated."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaoskit.cascade.live.account import Level, launches_of, levels_of, lines, losses_of, sentence
from chaoskit.cascade.live.calibration import Comparison, compare
from chaoskit.cascade.live.herd_course import herd_lines, real_course
from chaoskit.cascade.live.page import page_of
from chaoskit.journal.events import (
    DialAnswered,
    LevelMeasured,
    RequestAnswered,
    RequestArrived,
    RunStarted,
    UserOutcome,
    UserServed,
)
from chaoskit.journal.run import Run
from chaoskit.units import MILLISECOND
from chaoskit.verdict import Outcome
from tests.journal.story import Story, at


def served(when: float, outcome: UserOutcome, because: str = "", unit: str = "order", took: float = 0) -> UserServed:
    return UserServed(at=at(when + took), client="app", unit=unit, wanted_at=at(when), outcome=outcome, because=because)


def launch(when: float, request: int, error: str | None) -> tuple[RequestArrived, RequestAnswered]:
    arrived = RequestArrived(
        at=at(when), request=request, service="ec2", operation="RunInstances", invocation=None, attempt=None,
        user_agent="", connection="127.0.0.1:1", nth=1,
    )  # fmt: skip
    return arrived, RequestAnswered(at=at(when + 1), request=request, status=500 if error else 200, error=error)


def story() -> Story:
    return Story().head("app").fault(5000, 7000).looks()


def test_losses_are_told_in_the_users_words() -> None:
    happenings = story().add(
        served(1000, "served"), served(5500, "lost", "no address"), served(5600, "late", "no address", took=2000)
    )
    (loss,) = losses_of(happenings.run())
    assert (loss.wanted, loss.amount("lost"), loss.amount("fallback")) == (3, 1, 0)
    assert sentence(loss) == "of 3 orders, 1 were lost, 1 late (the latest after 2 s); most often: no address"


@pytest.mark.parametrize(
    ("unit", "plural"), [("launch", "launches"), ("minute played", "minutes played"), ("check-in", "check-ins")]
)
def test_units_in_the_plural(unit: str, plural: str) -> None:
    (loss,) = losses_of(story().add(served(1000, "served", unit=unit)).run())
    assert sentence(loss).startswith(f"of 1 {plural}, 0 were lost")


def test_levels_and_launches_become_curves() -> None:
    happenings = story().add(
        LevelMeasured(at=at(0), client="app", name="leases held", value=2.0),
        LevelMeasured(at=at(2000), client="app", name="leases held", value=5.0),
        *launch(1000, 1, None),
        *launch(1500, 2, "InsufficientInstanceCapacity"),
    )
    (level,) = levels_of(happenings.run())
    assert [level.at(second) for second in (-1, 0, 1.9, 2, 99)] == [None, 2, 2, 5, 5]
    assert (level.least, level.most) == (2, 5)
    assert launches_of(happenings.run()) == [(1.001, "launched"), (1.501, "InsufficientInstanceCapacity")]
    assert "EC2's answers to RunInstances: launched 1, InsufficientInstanceCapacity 1" in list(lines(happenings.run()))


def test_a_page_shows_losses_levels_and_verdicts_and_escapes() -> None:
    happenings = story().add(
        served(5500, "lost", "<b>"), LevelMeasured(at=at(0), client="app", name="leases held", value=2.0)
    )
    page = page_of(happenings.run(), (), Outcome.PASSED)
    assert "leases held" in page
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "No app of this experiment has users" in page_of(story().run(), (), Outcome.PASSED)


def test_the_distance_of_two_curves_is_their_mean_difference() -> None:
    real = Level(client="real", name="x", points=((0.0, 10.0), (5.0, 0.0)))
    late = Level(client="simulated", name="x", points=((0.0, 10.0), (6.0, 0.0)))
    comparison = Comparison(name="x", full=10, real=real, simulated=late, length_s=10)
    assert comparison.distance == pytest.approx(0.1)
    assert comparison.holds
    assert replace(comparison, simulated=Level(client="s", name="x", points=((0.0, 0.0),))).distance == pytest.approx(
        0.5
    )


def test_a_run_without_a_lease_manager_is_compared_with_nothing() -> None:
    assert compare(story().run()) == []
    assert list(herd_lines(story().run())) == []


def herd_run() -> Run:
    """Two clients that dial a door after a fault of 2 s."""
    happenings = story()
    clients = {
        "app": {
            "part": "herd",
            "settings": {"name": "door.test", "clients": 2, "pool": 1, "lead": "5s", "ramp": False},
        },
        "door": {"part": "door", "settings": {"accepts_per_s": 10}},
    }
    happenings.events = [
        event.with_fields(experiment={"clients": clients}) if isinstance(event, RunStarted) else event
        for event in happenings.events
    ]
    for number in range(2):
        happenings.lookup("app", 7000 + number, 4000 + number)
        happenings.add(
            DialAnswered(
                at=at(7110), answered_at=at(7200) + number * MILLISECOND, client="door", peer="p", outcome="accepted"
            ),
            LevelMeasured(at=at(7200 + number), client="app", name="clients connected", value=number + 1.0),
        )
    return happenings.run()


def test_a_real_herd_stands_beside_the_simulated_one() -> None:
    course = real_course(herd_run())
    assert course is not None
    assert course.lookups[:3] == (2, 0, 0)
    assert course.dials[:3] == (0, 2, 0)
    assert course.connected_s == pytest.approx(0.201)
    real, simulated = herd_lines(herd_run())
    assert real.startswith("herd, real: at most 2 dials, 2 lookups and 2 connections in 100 ms")
    assert simulated.startswith("herd, simulated: at most ")
