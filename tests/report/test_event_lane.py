"""Deaths and holds on the timeline's axis."""

from __future__ import annotations

import pytest

from chaoskit.journal import events as ev
from chaoskit.journal.run import Run
from chaoskit.report.event_lane import EventRow, event_rows
from chaoskit.report.marks import Scale
from chaoskit.report.page import render_page
from chaoskit.units import SECOND
from chaoskit.verdict import Outcome
from tests.journal.story import ORIGIN
from tests.report.journals import Journals
from tests.report.test_page import check

SCALE = Scale(ORIGIN, ORIGIN + 40 * SECOND, 100, 500)


def run_with(*events: ev.Event) -> Run:
    journal = Journals()
    journal.head()
    journal.planes()
    journal.arm()
    for event in events:
        journal.add(event)
    journal.end()
    return Run(journal.entries())


def container(second: float, change: ev.ContainerChange, code: int | None = None) -> ev.ContainerChanged:
    at = ORIGIN + round(second * SECOND)
    return ev.ContainerChanged(at=at, client="web", container="shop-web-1", change=change, exit_code=code)


def test_a_death_reaches_to_the_next_start() -> None:
    (row,) = event_rows(run_with(container(10, "died", 137), container(12, "started"), container(13, "healthy")), SCALE)
    death, started, healthy = row.marks
    assert (row.name, death.shape, death.x, death.w) == ("web", "death", 200, 20)
    assert death.title == "container shop-web-1: died with exit code 137 at 10.00 s, started again at 12.00 s"
    assert (started.shape, healthy.shape) == ("well", "well")


def test_a_container_that_nobody_saw_start_again_is_a_moment() -> None:
    (row,) = event_rows(run_with(container(10, "out of memory"), container(20, "unhealthy")), SCALE)
    assert [(mark.shape, mark.w) for mark in row.marks] == [("death", 0), ("trouble", 0)]
    assert "started" not in row.marks[0].title


def test_a_process_that_ended_unasked_is_a_death() -> None:
    ends = [
        ev.ProcessEnded(at=ORIGIN + second * SECOND, process=name, exit_code=137, expected=expected)
        for name, second, expected in (("aws", 10, False), ("dns", 11, True))
    ]
    (row,) = event_rows(run_with(*ends), SCALE)
    assert (row.name, [mark.shape for mark in row.marks]) == ("aws", ["death"])
    assert row.marks[0].title == "the process aws ended unasked with exit code 137 at 10.00 s"


@pytest.mark.parametrize("released", [True, False])
def test_a_hold_is_as_long_as_it_was(released: bool) -> None:
    begun = ev.HoldBegun(at=ORIGIN + 10 * SECOND, number=1, before="blank")
    go = ev.HoldReleased(
        at=ORIGIN + 14 * SECOND, number=1, by="Ada", resumes=ORIGIN + 15 * SECOND, ends=ORIGIN + 45 * SECOND
    )
    run = run_with(begun, *([go] if released else []))
    rows: tuple[EventRow, ...] = event_rows(run, SCALE)
    (mark,) = rows[0].marks
    assert (mark.x, mark.w) == (200, 50 if released else SCALE.x(run.ends) - 200)
    assert ("Ada said go" if released else "nobody said go") in mark.title


def test_the_page_draws_them() -> None:
    page = check(render_page(run_with(container(10, "died", 1), container(15, "started")), [], Outcome.PASSED))
    assert "container shop-web-1: died with exit code 1 at 10.00 s, started again at 15.00 s" in page.text
    quiet = render_page(run_with(), [], Outcome.PASSED)
    assert 'class="death"' not in quiet, "no legend where nothing died"
