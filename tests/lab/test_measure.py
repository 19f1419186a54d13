"""What is read off a journal, and the stored form of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaoskit.errors import InputError, JournalError
from chaoskit.journal import events as ev
from chaoskit.journal.events import Entry
from chaoskit.lab.markdown import markdown
from chaoskit.lab.measure import samples_of
from chaoskit.lab.page import page
from chaoskit.lab.result import Result, read_results
from chaoskit.lab.rows import rows_of
from chaoskit.lab.sample import Missing, Sample
from chaoskit.units import MILLISECOND
from tests.journal.story import Story, at
from tests.lab.samples import sample, subject

EXPERIMENT: dict[str, Any] = {
    "clients": {"c01": {"use": "boto3", "connection": "cold"}, "c02": {"use": "boto3", "connection": "warm"}}
}


def story() -> Story:
    """c01 gives up once in its fault and needs two tries after it; c02 rides through its own."""
    told = Story(ends=5000).head("c01", "c02").looks()
    told.fault(1000, 2000, "empty-c01").fault(1000, 3000, "nxdomain-c02")
    told.lookup("c01", 0, 1).lookup("c01", 1100, 2, answers=0, faults=("empty-c01",))
    told.call("c01", 0, 10)
    told.call("c01", 1100, 1150, "failed", tries=[(1100, 1105), (1115, 1120), (1140, 1150)])
    told.call("c01", 1900, 2050, tries=[(1900, 1905), (2040, 2050)])
    told.call("c01", 2500, 2510)
    told.call("c02", 500, 510)
    told.call("c02", 1500, 1510)
    return told


def entries(told: Story) -> list[Entry]:
    def with_experiment(event: ev.Event) -> ev.Event:
        if isinstance(event, ev.RunStarted):
            return event.with_fields(experiment=EXPERIMENT)
        if isinstance(event, ev.ClientReady):
            return event.with_fields(versions={"boto3": "9", "botocore": "1.44.5"}, settings={"retry_mode": "standard"})
        return event

    told.events = [
        ev.SandboxReady(at=at(-2999), sandbox="namespace", libc_exercised=True, because=""),
        *map(with_experiment, told.events),
    ]
    return told.entries()


def test_a_sample_is_one_client_in_its_own_fault() -> None:
    (cold, warm), missing = samples_of(entries(story()))
    assert missing == ()
    assert cold.subject == subject()
    assert (cold.met, warm.met) == (2, 0)
    gave_up, late = cold.calls
    assert (gave_up.ok, gave_up.attempts, gave_up.elapsed_ns) == (False, 3, 50 * MILLISECOND)
    assert gave_up.sleeps_ns == (10 * MILLISECOND, 20 * MILLISECOND)
    assert (late.ok, late.attempts) == (True, 2)
    assert cold.lag_ns == 50 * MILLISECOND
    assert (warm.subject.fault, warm.subject.connection, len(warm.calls)) == ("nxdomain", "warm", 1)
    row_cold, row_warm = rows_of([cold, warm])
    assert row_cold.exercised
    assert not row_warm.exercised
    assert row_cold.gave_up_ns is not None
    assert row_cold.gave_up_ns.middle == 50 * MILLISECOND


def test_a_client_with_trouble_before_its_fault_is_not_measured() -> None:
    told = story()
    told.call("c02", 600, 700, "failed")
    samples, missing = samples_of(entries(told))
    assert [one.subject.connection for one in samples] == ["cold"]
    assert "the retry quota was not full" in missing[0].why


def test_a_run_whose_harness_failed_measures_nothing() -> None:
    told = story().add(ev.HarnessFailed(at=at(100), part="dns", message="the DNS server died"))
    with pytest.raises(JournalError, match="the DNS server died"):
        samples_of(entries(told))


def test_a_journal_of_something_else_is_refused() -> None:
    told = Story().head("app").fault(1000, 2000)
    with pytest.raises(JournalError, match="not one of chaoskit lab"):
        samples_of(told.entries())


def test_a_result_can_be_stored_and_drawn_again(tmp_path: Path) -> None:
    result = Result((sample(subject()), sample(subject("1.43.2"))), (Missing("go", "not built"),))
    stored = tmp_path / "lab.json"
    stored.write_text(result.text())
    again = read_results([stored])
    assert again == result
    assert markdown(again) == markdown(result)
    text = markdown(result)
    assert "| empty, with SOA | 1 | 10 |" in text
    assert "- go: not built" in text
    html = page(result, "a <title>")
    assert "a &lt;title&gt;" in html
    assert html.count("<svg") == 2
    assert "documented 12.8 s" in html


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "chaoskit lab 1", "missing": [], "samples": [{}]}'])
def test_a_stored_result_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    stored = tmp_path / "lab.json"
    stored.write_text(text)
    with pytest.raises(InputError, match=r"lab\.json: not a stored result"):
        read_results([stored])


def test_a_cell_that_met_nothing_is_never_as_documented() -> None:
    rode: Sample = replace(sample(subject(connection="warm")), met=0)
    text = markdown(Result((rode,), ()))
    assert "not exercised" in text
    assert "as documented" not in text
