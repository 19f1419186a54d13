"""The account of the day: its signs, its words, its page."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from chaoskit.cascade.day.account import Account, account_of
from chaoskit.cascade.day.page import chart_of, page_of
from chaoskit.cascade.day.plan import read_day
from chaoskit.cascade.day.words import lines
from chaoskit.cascade.map.atlas import draw_atlas
from chaoskit.cascade.map.atlas import lines as map_lines
from chaoskit.cascade.map.page import page_of as map_page_of
from chaoskit.cascade.results import Row
from chaoskit.cascade.results.words import lines as result_lines
from chaoskit.experiment.document import read_document
from tests.cascade.systems import one_service
from tests.cascade.test_day_fit import TEXT


@pytest.fixture(scope="module")
def account() -> Account:
    return account_of(read_day(read_document("day.yaml", TEXT)), hosts=2_000, seed=1, plays=1, draws=40_000)


class Balanced(HTMLParser):
    """Raises when an element is closed that is not open, or one stays open."""

    VOID = ("meta", "link", "br", "rect", "line", "path", "circle")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert name not in ("src", "onload"), "nothing is fetched and nothing runs"
            assert not (name == "href" and value and value.startswith("http"))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def check_page(html: str) -> None:
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    assert "<script" not in html
    assert "prefers-color-scheme: dark" in html


@pytest.mark.slow
def test_every_sign_of_the_day_holds(account: Account) -> None:
    assert [sign.what for sign in account.signs if not sign.holds] == []
    assert account.holds


@pytest.mark.slow
def test_the_terminal_says_what_is_scored_and_with_which_seeds(account: Account) -> None:
    text = "\n".join(lines(account))
    assert "Nothing is held out" in text
    assert "seed of the draws 1, 40,000 draws; seeds of the fleet 1, 2,000 hosts" in text
    assert "the throttle half an hour sooner   arithmetic  55/57/60" in text
    for row in account.rows:
        assert row.row.what in text
        assert (row.model == "") == (row.row.role == "input")


@pytest.mark.slow
def test_five_lessons_stand_above_all(account: Account) -> None:
    assert len(account.lessons) == 5
    text = list(lines(account))
    assert [line[:2] for line in text[2:7]] == ["1.", "2.", "3.", "4.", "5."]


@pytest.mark.slow
def test_the_page_is_one_whole_file_on_the_days_clock(account: Account) -> None:
    html = page_of(account)
    check_page(html)
    assert "23:48" in html
    assert all(lesson.replace("'", "&#39;") in html for lesson in account.lessons)
    chart = chart_of(account)
    assert [mark.title for mark in chart.marks][
        3
    ] == "04:14 incoming work throttled and hosts of the workflow manager restarted"
    assert all(chart.left <= mark.x <= chart.right for mark in chart.marks)


def test_too_few_draws_are_an_error_that_says_so() -> None:
    with pytest.raises(ValueError, match="use more draws"):
        account_of(read_day(read_document("day.yaml", TEXT)), hosts=100, seed=1, plays=1, draws=20)


@pytest.mark.slow
def test_too_few_hosts_are_an_error_that_says_how_many() -> None:
    with pytest.raises(ValueError, match="use at least"):
        account_of(read_day(read_document("day.yaml", TEXT)), hosts=20, seed=1, plays=1, draws=40_000)


def test_a_map_in_words_and_as_a_page() -> None:
    atlas = draw_atlas(one_service(6), size=16, seed=1)
    text = "\n".join(map_lines(atlas))
    assert "What keeps it down: the callers give up on service after 2 s" in text
    assert "no retries (a number in the caller); the simulation: well again in 10 of 10 plays" in text
    assert "real run: not run" in text
    assert "#" in text
    html = map_page_of(atlas)
    check_page(html)
    assert "callers give up" in html
    assert html.count('class="arrow"') > 100


def test_a_map_without_a_loop_says_so() -> None:
    atlas = draw_atlas(one_service(3, tries=1), size=8, seed=1)
    text = "\n".join(map_lines(atlas))
    assert "No outage on this map tips the system for good." in text
    assert "there is no loop to cut" in text
    check_page(map_page_of(atlas))


def test_results_are_printed_with_what_they_are_off_by() -> None:
    rows = [
        Row(source="A", what="calls", published=100, ours=103.0, tolerance=0.05, assumed="that"),
        Row(source="B", what="end", published="never", ours="recovers"),
    ]
    text = "\n".join(result_lines(rows))
    assert "| A | calls | 100 | 103 | +3.0% | 5% | holds |" in text
    assert "| B | end | never | recovers |  | the same | DOES NOT HOLD |" in text
    assert "- A, calls: that." in text
