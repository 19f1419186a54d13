"""Actual windows beside the planned ones."""

from __future__ import annotations

import io

from rich.console import Console

from chaoskit.journal.events import Entry, Event, InjectionApplied, InjectionLifted, InjectionPlanned, TimelineArmed
from chaoskit.journal.run import Run
from chaoskit.report.health import SWITCHED_WITHIN_NS, all_injections
from chaoskit.report.page import render_page
from chaoskit.report.terminal import print_verdicts
from chaoskit.units import MILLISECOND, SECOND
from chaoskit.verdict import Outcome
from tests.report.journals import Journals


def run_of(late_on: int, late_off: int | None) -> Run:
    journal = Journals(length=10 * SECOND)
    journal.head()
    events: list[Event] = [entry.event for entry in journal.entries()]
    origin = events[-1].at + 1
    start, end = origin + SECOND, origin + 2 * SECOND
    events.append(
        InjectionPlanned(
            at=origin,
            injection="slow",
            plane="network",
            fault="latency",
            where="x",
            target={"service": "x"},
            spans=((start, end),),
        )
    )
    events.append(TimelineArmed(at=origin, origin=origin, ends=origin + 10 * SECOND))
    events.append(InjectionApplied(at=start + late_on, injection="slow", due=start))
    if late_off is not None:
        events.append(InjectionLifted(at=end + late_off, injection="slow", due=end))
    return Run([Entry(seq, event) for seq, event in enumerate(events, start=1)])


def said(run: Run) -> str:
    text = io.StringIO()
    print_verdicts(Console(file=text, width=200), run, (), Outcome.FAILED, ())
    return text.getvalue()


def test_the_actual_window_stands_beside_the_planned_one() -> None:
    run = run_of(3 * MILLISECOND, 4 * MILLISECOND)
    (span,) = all_injections(run)[0].spans
    assert (span.applied, span.lifted) == (span.start + 3 * MILLISECOND, span.end + 4 * MILLISECOND)
    assert (span.off_by_ns, span.differs) == (4 * MILLISECOND, False)
    assert "of its window" not in said(run)


def test_a_difference_is_reported() -> None:
    early = run_of(0, -SWITCHED_WITHIN_NS - 1)
    late = run_of(300 * MILLISECOND, 0)
    for run in (early, late):
        assert all_injections(run)[0].spans[0].differs
    assert "slow was switched up to 300 ms before or after the edge of its window. Verdicts go by the plan" in said(
        late
    )
    page = render_page(late, (), Outcome.FAILED)
    assert "differs from the plan by 300 ms" in page
    assert "differs from the plan" not in render_page(run_of(0, 0), (), Outcome.FAILED)


def test_a_switch_that_is_missing_is_not_invented() -> None:
    (span,) = all_injections(run_of(0, None))[0].spans
    assert span.lifted is None
    assert "off never, as far as the journal tells" in render_page(run_of(0, None), (), Outcome.FAILED)
