"""Published results come out as published, within the tolerances that are printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoskit.cascade.policies.back_off import Jitter
from chaoskit.cascade.results import Row, all_rows, amplification, collapse, jitter
from chaoskit.cascade.results.words import lines


def test_amplifications_hold() -> None:
    rows = amplification.rows()
    assert [row.what for row in rows if not row.holds] == []
    assert len(rows) == 8


def test_a_pause_and_a_burst_never_end() -> None:
    rows = [*collapse.pause_rows(), *collapse.burst_rows()]
    assert [row.what for row in rows if not row.holds] == []


@pytest.mark.parametrize("kind", ["full", "decorrelated"])
def test_jitter_of_fifty_clients_holds(kind: Jitter) -> None:
    published_ms, published_calls = jitter.PUBLISHED[50, kind]
    plays = [jitter.play(50, kind, seed) for seed in range(40)]
    assert sum(ms for ms, _ in plays) / 40 == pytest.approx(published_ms, rel=jitter.TIME_TOLERANCE)
    assert sum(calls for _, calls in plays) / 40 == pytest.approx(published_calls, rel=jitter.CALLS_TOLERANCE)


@pytest.mark.slow
def test_the_osdi_rows_hold_in_a_narrow_range_of_loads() -> None:
    """All four at once, and not at any load: else they would say nothing."""
    loads = collapse.loads_that_fit()
    assert 0.3 < loads[0] <= loads[-1] < 0.45
    assert loads[-1] - loads[0] < 0.05


@pytest.mark.slow
def test_every_published_row_holds() -> None:
    assert [row.what for row in all_rows() if not row.holds] == []


def test_a_row_that_is_off_does_not_hold() -> None:
    assert not Row(source="x", what="y", published=100, ours=106, tolerance=0.05).holds
    assert Row(source="x", what="y", published=100, ours=104, tolerance=0.05).off_by == pytest.approx(0.04)
    assert not Row(source="x", what="y", published="never", ours="recovers").holds


@pytest.mark.slow
def test_the_documents_page_is_what_the_command_prints() -> None:
    text = (Path(__file__).parents[2] / "docs" / "cascade-results.md").read_text()
    assert text.endswith("\n".join(lines(all_rows())) + "\n")
