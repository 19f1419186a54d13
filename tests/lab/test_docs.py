"""docs/sdk-behaviour.md is what its stored measurements say."""

from __future__ import annotations

from chaoskit.lab.result import Result, read_results
from docs.sdk_behaviour import MEASURED, PAGE, covered, page
from tests.lab.samples import sample, subject


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m docs.sdk_behaviour"


def test_the_stored_measurements_are_in_their_own_form() -> None:
    assert MEASURED.read_text(encoding="utf-8") == read_results([MEASURED]).text()


def test_every_finding_is_measured() -> None:
    assert [finding.title for finding in read_results([MEASURED]).findings if not finding.measured] == []


def test_what_is_not_measured_is_not_left_out_in_silence() -> None:
    one, other = sample(subject(fault="nxdomain")), sample(subject(fault="servfail", connection="burst"))
    assert covered(Result((one, other), ())) == (
        "Of the matrix's 11 faults this page has *cold* under “NXDOMAIN”; *warm* under none; *burst* under “SERVFAIL”."
    )
