"""The console and the report in a real browser: act, watch, cut the network, switch scripts off, and let axe look at it."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaoskit.journal.events import HoldBegun, HoldReleased, RunEnded
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from chaoskit.report.page import render_page
from chaoskit.verdict import Outcome, Verdict
from tests.cli.serving import PATIENCE_S, Served, serving_over_tcp
from tests.console.web.browser import AXE, browser, findings_of_axe, is_wider_than_its_window, opened
from tests.report.journals import demo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (1400, 400)]


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    with browser() as running:
        yield running


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving_over_tcp(tmp_path, "--console") as running:
        yield running


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    run = Run(demo())
    met = tuple(run.met("blank"))
    verdicts = [Verdict(expectation="fault_exercised", finding="held", because="met", evidence=met)]
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_page(run, verdicts, Outcome.PASSED))
    return path.as_uri()


def wait_for(page: Any, text: str) -> None:
    page.get_by_text(text, exact=False).first.wait_for(state="visible")


def test_inject_extend_withdraw_and_halt_by_hand(chrome: Any, served: Served) -> None:
    with opened(chrome, f"{served.control}/") as page:
        wait_for(page, "all answers honest")
        assert "unknown" not in page.locator("#name-table").inner_text()
        assert served.look().addresses
        wait_for(page, "api.example.com")
        page.fill("#name", "api.example.com")
        page.fill("#for", "5m")
        page.click("#inject-form button[type=submit]")
        wait_for(page, "empty on api.example.com")
        assert served.look().addresses == ()
        page.locator("#name-table .bad", has_text="NODATA").wait_for()
        (injection,) = served.json("list")["injections"]
        page.fill(".fault .acts input", "8m")
        page.click(".extend")
        page.locator(".fault .left", has_text=re.compile(r"4\d\d s left")).wait_for()
        page.click(".withdraw")
        wait_for(page, "No fault is on.")
        assert served.look().addresses
        (ended,) = served.json("list")["ended"]
        assert (ended["id"], ended["why"]) == (injection["id"], "withdrawn")
        page.fill("#name", "api.example.com")
        page.keyboard.press("Enter")
        wait_for(page, "empty on api.example.com")
        page.locator("#halt").focus()
        page.keyboard.press("Enter")
        wait_for(page, "halted: every answer is honest")
        assert served.look().addresses
        page.click("#resume")
        wait_for(page, "all answers honest")
        assert page.problems == []


def test_what_cannot_be_is_told_beside_the_form(chrome: Any, served: Served) -> None:
    with opened(chrome, f"{served.control}/") as page:
        wait_for(page, "all answers honest")
        page.select_option("#kind", "delay")
        page.fill("#p-by", "nonsense")
        page.fill("#name", "api.example.com")
        page.click("#inject-form button[type=submit]")
        wait_for(page, "is not a duration")
        assert served.json("list")["injections"] == []


def test_a_lost_server_is_told_and_what_is_shown_called_old(chrome: Any, served: Served) -> None:
    with opened(chrome, f"{served.control}/") as page:
        wait_for(page, "all answers honest")
        served.process.kill()
        wait_for(page, "not connected: what is shown is old")


def test_a_token_is_asked_for_and_opens_the_page(chrome: Any, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text("a-token-of-16-letters")
    with serving_over_tcp(tmp_path, "--console", "--token-file", str(token)) as running:
        with opened(chrome, f"{running.control}/") as page:
            wait_for(page, "a token is needed")
            page.fill("#token", "a-token-of-16-letters")
            page.keyboard.press("Enter")
            wait_for(page, "all answers honest")
        with opened(chrome, f"{running.control}/#token=a-token-of-16-letters") as page:
            wait_for(page, "all answers honest")
            assert "token" not in page.url


def test_a_page_of_another_origin_cannot_steer(chrome: Any, served: Served, tmp_path: Path) -> None:
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "index.html").write_text("<h1>evil</h1>")
    words = [sys.executable, "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(tmp_path / "evil")]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={"PYTHONUNBUFFERED": "1"}
    ) as evil:
        try:
            assert evil.stdout is not None
            port = evil.stdout.readline().split("port ")[1].split()[0]
            context = chrome.new_context()
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{port}/")
            send = "(url, init) => fetch(url, init).then((answer) => answer.status, () => 'refused')"
            for method, mode in (("POST", "cors"), ("POST", "no-cors"), ("GET", "cors")):
                init = f"{{method: '{method}', mode: '{mode}', headers: {{'Content-Type': 'text/plain'}}}}"
                assert page.evaluate(f"({send})('{served.control}/halt', {init})") in ("refused", 0)
            framed = (
                "(url) => new Promise((done) => { const frame = document.createElement('iframe'); frame.src = url; "
                "frame.onload = () => done(frame.contentDocument === null); document.body.append(frame); })"
            )
            assert page.evaluate(framed, f"{served.control}/"), "nothing of it can be seen in a frame"
            context.close()
        finally:
            evil.kill()
    assert served.json("list")["status"] == "ok", "nobody halted it"


HELD = """\
title: held
duration: 1s
zones: {shop.test: {records: {shop.test: {A: 127.0.80.1, ttl: 1s}}}}
clients: {app: {use: noop}}
timeline:
  - {id: blank, dns: empty, where: shop.test, when: {from: 200ms, for: 200ms}, hold: true}
"""


def test_go_on_the_page_lets_a_held_run_go_on(chrome: Any, tmp_path: Path) -> None:
    (tmp_path / "held.yaml").write_text(HELD)
    words = [sys.executable, "-u", "-m", "chaoskit", "run", "held.yaml", "--console", "--plain", "--sandbox", "inline"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            url = next(line.split()[-1] for line in running.stdout if "watch it in the browser:" in line)
            with opened(chrome, url) as page:
                wait_for(page, "held before blank, until somebody says go")
                page.locator("#go", has_text="GO").click()
                wait_for(page, "go, said by the facilitator's page")
                page.locator("#go").wait_for(state="hidden")
            running.communicate(timeout=PATIENCE_S)
        finally:
            running.kill()
    (path,) = (tmp_path / "runs").glob("*/journal.jsonl")
    entries = read_journal(path)
    kinds = [type(entry.event) for entry in entries]
    assert kinds.index(HoldBegun) < kinds.index(HoldReleased)
    assert [entry.event.reason for entry in entries if isinstance(entry.event, RunEnded)] == ["finished"]


def test_the_page_says_what_to_do_without_scripts(chrome: Any, served: Served) -> None:
    with opened(chrome, f"{served.control}/", scripts=False) as page:
        assert "chaoskit halt" in page.inner_text("body")


def test_the_console_fits_and_axe_finds_nothing(chrome: Any, served: Served, tmp_path: Path) -> None:
    served.json("inject", "empty", "api.example.com", "--for", "5m")
    served.look()
    for scheme, width in LOOKS:
        with opened(chrome, f"{served.control}/", scheme, width) as page:
            page.locator("#name-table .bad", has_text="NODATA").wait_for()
            assert not is_wider_than_its_window(page), (scheme, width)
            assert width > 900 or len(set(widths_without_a_form(page))) == 1
            page.screenshot(path=str(tmp_path / "console.png"), full_page=True)
            assert (tmp_path / "console.png").stat().st_size > 10_000
            assert not AXE or findings_of_axe(page) == []


def widths_without_a_form(page: Any) -> list[int]:
    """How wide the sections are where there is no form, as on the page of a run."""
    widths: list[int] = page.evaluate(
        """() => {
          const form = document.getElementById("inject"), before = form.hidden;
          form.hidden = true;
          const shown = [...document.querySelectorAll("main > section")].filter(section => !section.hidden);
          const widths = shown.map(section => Math.round(section.getBoundingClientRect().width));
          form.hidden = before;
          return widths;
        }"""
    )
    return widths


def test_the_report_needs_no_network_and_axe_finds_nothing(chrome: Any, report: str) -> None:
    for scheme, width in LOOKS:
        with opened(chrome, report, scheme, width, offline=True) as page:
            assert page.locator(".evidence tbody tr").count() > 3
            assert not is_wider_than_its_window(page), (scheme, width)
            assert page.problems == []
            assert not AXE or findings_of_axe(page) == []


def test_the_report_says_the_same_without_scripts(chrome: Any, report: str) -> None:
    texts = []
    for scripts in (True, False):
        with opened(chrome, report, scripts=scripts) as page:
            lines = [line.strip() for line in page.inner_text("main").splitlines()]
            texts.append(
                [
                    line
                    for line in lines
                    if line and "Show only events" not in line and not re.fullmatch(r"\d+ of \d+ events", line)
                ]
            )
    assert texts[0] == texts[1]


def test_a_filter_is_a_link_and_a_verdict_is_one(chrome: Any, report: str) -> None:
    with opened(chrome, report) as page:
        rows = page.locator(".evidence tbody tr")
        every = rows.count()
        page.fill("#filter", "began call")
        visible = page.locator(".evidence tbody tr:visible").count()
        assert 0 < visible < every
        link = page.url
        page.click("a[href='#v1']")
        assert page.evaluate("document.querySelector(':target').id") == "v1"
    assert "#evidence=began%20call" in link
    with opened(chrome, link) as page:
        assert page.locator(".evidence tbody tr:visible").count() == visible


def test_the_page_s_secret_is_no_other_process_s(served: Served) -> None:
    with urllib.request.urlopen(f"{served.control}/", timeout=PATIENCE_S) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
