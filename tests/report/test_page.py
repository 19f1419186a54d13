"""The page is well formed and self-contained, shows what it must, and lets no text of the journal become markup."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.journal.run import Run
from chaoskit.report.drawing import draw
from chaoskit.report.figures import all_figures
from chaoskit.report.page import SCRIPT, render_page
from chaoskit.units import MILLISECOND, SECOND
from chaoskit.verdict import Outcome, Verdict
from tests.effort import examples
from tests.report.anything import HOSTILE, journals, verdicts
from tests.report.journals import Caller, Journals, demo, steady

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """Reads a page and checks on the way that every tag is closed by its own."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name == "id":
                self.ids.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())


def check(html: str) -> Page:
    """A well-formed page that loads nothing, runs only the script that its policy names, and links only to itself."""
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in html
    assert script == SCRIPT.read_text()
    html = html.replace(f"<script>{script}</script>", "")
    page = Page(html)
    assert "zz" not in page.tags
    assert "script" not in page.tags
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    for tag, name, value in page.attributes:
        if name in ("src", "href", "action", "srcset", "data", "xlink:href"):
            assert value.startswith("#") or value == "data:,", (tag, name, value)
            assert value == "data:," or value[1:] in page.ids, f"{value} leads nowhere"
    assert len(page.ids) == len(set(page.ids))
    styles = "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    styles += "".join(value for _, name, value in page.attributes if name in ("style", "fill"))
    assert "@import" not in styles
    assert all(url.startswith("#") for url in re.findall(r"url\((.*?)\)", styles))
    return page


def render(journal: Journals, outcome: Outcome = Outcome.PASSED) -> Page:
    return check(render_page(Run(journal.entries()), [], outcome))


@pytest.fixture(scope="module")
def demo_html() -> str:
    run = Run(demo())
    met = tuple(run.met("blank"))
    found = [
        Verdict(expectation="fault_exercised", finding="held", because="many answers changed", evidence=met),
        Verdict(expectation="success_rate cold", finding="broken", because="0 of 80 calls", evidence=met[:3]),
    ]
    return render_page(run, found, Outcome.FAILED)


def test_the_demo_page_tells_the_story(demo_html: str) -> None:
    words = check(demo_html).words
    for part in (
        "✕ Failed",
        "1 of 2 expectations was broken. success_rate cold: 0 of 80 calls",
        "warm never noticed (80 of 80 calls succeeded)",
        "cold lost all 80 calls",
        "80 of 80 calls went over a connection opened before it",
        "consistent with a drained retry quota",
        "live connections under empty slots",
        "it made 10 attempts",
        "EAI_NODATA: the name exists but has no address",
        "empty on dynamodb.us-east-1.amazonaws.com, 5 to 25 s",
        "9 to 10: 12.8 s",
        "canary.chaoskit.test, which no fault may touch, resolved 40 of 40 times",
        "chaoskit run experiments/outage/dynamodb-empty-record.yaml --seed 7",
        "embedded proxy",
    ):
        assert part in words, part


def test_the_demo_page_is_small(demo_html: str) -> None:
    assert len(demo_html) < 1_000_000


def test_long_evidence_is_cut_and_says_so(demo_html: str) -> None:
    total = len(Run(demo()).met("blank"))
    assert f"and {total - 8} more" in check(demo_html).words


@pytest.mark.slow
def test_thousands_of_calls_are_merged_and_said_to_be() -> None:
    journal = Journals(length=600 * SECOND, blanks=[(100 * SECOND, 300 * SECOND)])
    journal.head()
    journal.ready("busy")
    journal.arm()
    steady(Caller(journal, "busy", keep=False), every=100 * MILLISECOND)
    run = Run(journal.entries())
    html = render_page(run, [], Outcome.PASSED)
    drawing = draw(run, all_figures(run), ())
    assert sum(mark.count for mark in drawing.lanes[0].marks.marks) == len(run.calls["busy"]) > 5000
    assert drawing.merged > 5000
    assert f"{drawing.merged} calls stood too close" in check(html).words
    assert len(html) < 500_000


def test_no_client_no_fault_no_call() -> None:
    journal = Journals(blanks=[])
    journal.head()
    assert "No client became ready" in render(journal, Outcome.INVALID).words
    journal.ready("idle")
    journal.arm()
    journal.end()
    words = render(journal, Outcome.NOT_EXERCISED).words
    assert "No client made a call" in words
    assert "No fault was planned" in words


def test_a_run_that_never_began_and_one_that_stopped_short() -> None:
    journal = Journals()
    journal.head()
    journal.ready("cold")
    assert "ended before its first call" in render(journal, Outcome.INVALID).words
    journal.arm()
    steady(Caller(journal, "cold"))
    assert "cut off" in render(journal).words
    journal.end(reason="interrupted by SIGINT")
    assert "The run stopped short: interrupted by SIGINT" in render(journal).words


def test_a_hidden_injection_is_shown_when_the_drill_is_over() -> None:
    words = check(render_page(Run(demo(hidden=True)), [], Outcome.PASSED)).words
    assert "was hidden during the run" in words


def test_several_windows_are_all_shaded() -> None:
    journal = Journals(blanks=[(SECOND, 2 * SECOND), (3 * SECOND, 4 * SECOND)], length=6 * SECOND)
    journal.head()
    journal.ready("cold")
    journal.arm()
    steady(Caller(journal, "cold", keep=False))
    page = render(journal)
    assert sum(attribute == ("rect", "class", "shade") for attribute in page.attributes) == 2


def test_a_client_that_did_not_recover_is_said_to_have_not() -> None:
    journal = Journals(blanks=[(SECOND, 4 * SECOND)], length=4 * SECOND)
    journal.head()
    journal.ready("cold")
    journal.arm()
    steady(Caller(journal, "cold", keep=False))
    journal.end()
    assert "did not recover in this run" in render(journal).words


def test_libc_that_was_not_exercised_is_said_loudly() -> None:
    entries = [
        entry if entry.event.kind != "sandbox_ready" else type(entry)(entry.seq, _inline(entry.event.at))
        for entry in demo()
    ]
    assert "was not exercised" in check(render_page(Run(entries), [], Outcome.PASSED)).words


def _inline(at: int):  # type: ignore[no-untyped-def]
    from chaoskit.journal.events import SandboxReady

    return SandboxReady(at=at, sandbox="inline", libc_exercised=False, because="namespaces are forbidden here")


def test_hostile_title_and_names_stay_text() -> None:
    journal = Journals(title=HOSTILE[2])
    journal.head()
    journal.ready(HOSTILE[0], connection=HOSTILE[1], retry_mode=HOSTILE[3])
    journal.arm()
    steady(Caller(journal, HOSTILE[0], keep=False))
    assert HOSTILE[0] in render(journal).words


@settings(max_examples=examples(60), deadline=None)
@given(journals(), verdicts, st.sampled_from(Outcome))
def test_any_journal_gives_a_sound_page(run: Run, found: list[Verdict], outcome: Outcome) -> None:
    check(render_page(run, found, outcome))
