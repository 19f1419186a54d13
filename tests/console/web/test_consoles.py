"""The console of a run and of a remote server, over real HTTP on loopback, and what they listen to."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chaoskit.console.web.attached import blocks, feed_event, follow_journal
from chaoskit.console.web.of_run import RunConsole
from chaoskit.console.web.of_server import RemoteConsole
from chaoskit.console.web.server import PageTokens, serving
from chaoskit.dns.breakage import QueryFailed
from chaoskit.dns.control.event_stream import InjectionBegun, InjectionEnded, ZonesSwapped, as_server_sent
from chaoskit.errors import InputError, PlaneError
from chaoskit.journal.codec import encode_entry
from chaoskit.journal.events import Entry, HoldBegun, HoldReleased, QueryAnswered
from chaoskit.units import SECOND
from tests.journal.story import ORIGIN
from tests.report.journals import HOST, Caller, Journals, steady

PATIENCE_S = 60


def story(hidden: bool = False, until: int | None = None) -> list[Entry]:
    journal = Journals(length=10 * SECOND, blanks=[(3 * SECOND, 6 * SECOND)], hidden=hidden)
    journal.head()
    journal.planes()
    journal.ready("app", connection="cold")
    journal.arm()
    steady(Caller(journal, "app", keep=False), every=SECOND)
    if until is None:
        journal.end()
    return [entry for entry in journal.entries() if until is None or entry.event.at < ORIGIN + until]


class Page:
    """What a browser would do, by hand."""

    def __init__(self, url: str) -> None:
        self.host = url.removeprefix("http://").rstrip("/")
        self.html = self.ask("GET", "/")[1]
        (self.secret,) = re.findall(r'name="csrf" content="([^"]+)"', self.html)

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self.host, timeout=PATIENCE_S)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def act(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, Any]:
        ours = {"Origin": f"http://{self.host}", "Content-Type": "application/json", "X-Chaoskit-Console": self.secret}
        status, text = self.ask(method, path, body, **(ours | headers))
        return status, json.loads(text)

    def state(self) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self.host, timeout=PATIENCE_S)
        connection.request("GET", "/console/stream")
        answer = connection.getresponse()
        block = next(blocks(iter(answer.readline, b"")))
        connection.close()
        state: dict[str, Any] = json.loads(block.split("data: ", 1)[1])
        return state


@contextmanager
def shown(console: RunConsole | RemoteConsole) -> Iterator[Page]:
    with serving(console.pages, console.routes(), console.access) as url:
        yield Page(url)


def run_console(entries: list[Entry], now: int = 0, abort: Any = None) -> RunConsole:
    console = RunConsole(lambda: ORIGIN + now, abort)
    for entry in entries:
        console(entry)
    return console


def test_a_run_in_its_fault() -> None:
    with shown(run_console(story(until=5 * SECOND), 5 * SECOND, lambda: None)) as page:
        state = page.state()
    assert state["status"] == {"words": "a fault is on", "tone": "bad"}
    (fault,) = state["faults"]
    assert (fault["state"], fault["left_s"], fault["can_change"]) == ("on", 1.0, False)
    assert state["names"]["rows"][0]["name"] == HOST
    assert state["names"]["rows"][0]["cells"][0]["words"] == "NODATA"
    assert state["clients"][0]["back"] is None
    assert "blank begins" in " ".join(event["text"] for event in state["events"])


def test_a_run_that_is_over_stands_still_and_cannot_be_halted() -> None:
    with shown(run_console(story(), 999 * SECOND, lambda: pytest.fail("it is over"))) as page:
        state = page.state()
        status, answer = page.act("POST", "/halt")
    assert state["status"]["words"] == "over: finished"
    assert state["faults"][0]["state"] == "over"
    assert state["can"] == {"inject": False, "halt": None, "go": None, "resume": False}
    assert state["clients"][0]["back"]["after_s"] is not None
    assert (status, "cannot be ended" in answer["error"]) == (409, True)


def test_a_run_of_which_nothing_is_heard_is_unknown_not_running() -> None:
    with shown(run_console(story(until=5 * SECOND), 3600 * SECOND)) as page:
        state = page.state()
    assert state["status"]["words"].startswith("unknown: the journal has told nothing")
    assert state["at_s"] <= 5
    assert state["faults"][0]["left_s"] <= 3


def test_a_drill_gives_nothing_away() -> None:
    with shown(run_console(story(hidden=True, until=5 * SECOND), 5 * SECOND)) as page:
        text = json.dumps(page.state())
    assert HOST not in text
    assert "NODATA" not in text
    assert "are withheld" in text


def test_halt_ends_a_run_and_only_our_page_can() -> None:
    halted = threading.Event()
    with shown(run_console(story(until=2 * SECOND), 2 * SECOND, halted.set)) as page:
        for headers in ({"Origin": "http://evil.example"}, {"X-Chaoskit-Console": "guessed"}, {"Host": "evil.example"}):
            assert page.act("POST", "/halt", **headers)[0] == 403
        assert page.ask("POST", "/halt", **{"Content-Type": "text/plain"})[0] == 415
        assert not halted.is_set()
        assert page.act("POST", "/halt") == (200, {"halted": True})
    assert halted.is_set()


def test_the_page_names_no_other_host_and_has_its_policy() -> None:
    with shown(run_console(story())) as page:
        assert "://" not in page.html
        for path in re.findall(r'(?:href|src)="(/[^"]+)"', page.html):
            status, text = page.ask("GET", path)
            assert status == 200
            assert not re.search(r"https?://(?!www\.w3\.org)", text), path


def remote(answers: dict[tuple[str, str], Any]) -> RemoteConsole:
    def ask(method: str, path: str, body: Any) -> dict[str, Any]:
        answer = answers[method, path]
        if isinstance(answer, Exception):
            raise answer
        answers["body", path] = body
        return answer  # type: ignore[no-any-return]

    return RemoteConsole("a server", ask)


INJECTION = {
    "id": "i1", "fault": {"empty": {}}, "where": {"name": "api.example.com"}, "chance": 1, "now_ns": 1, "begun_ns": 0, "met": 1,
    "ends_ns": 30 * SECOND, "latest_ns": 60 * SECOND, "heartbeat_ns": None,
}  # fmt: skip


def test_a_remote_server_is_shown_and_acted_on_through_its_api() -> None:
    answers: dict[tuple[str, str], Any] = {
        ("GET", "/injections"): {"now_ns": 1, "status": "ok", "injections": [INJECTION], "ended": []},
        ("DELETE", "/injections/i1"): {"id": "i1"},
        ("POST", "/halt"): InputError("refused"),
    }
    with shown(remote(answers)) as page:
        (fault,) = page.state()["faults"]
        assert (fault["fault"], fault["where"], fault["left_s"]) == ("empty", "api.example.com", 30.0)
        assert page.act("DELETE", "/injections/i1") == (200, {"id": "i1"})
        assert page.act("POST", "/halt") == (422, {"error": "refused"})


@pytest.mark.parametrize(
    "event",
    [
        InjectionBegun(1, "i1", {"empty": {}}, "api.example.com", 2),
        InjectionEnded(2, "i1", "deadline", 3),
        ZonesSwapped(3, 1),
        QueryFailed(4, "app", "api.example.com", "A", "i1", "broken"),
        next(entry.event for entry in story() if isinstance(entry.event, QueryAnswered)),
    ],
    ids=lambda event: event.kind,
)
def test_a_feed_is_read_as_it_was_sent(event: Any) -> None:
    (block,) = blocks(iter(as_server_sent(event).encode().splitlines(keepends=True)))
    assert feed_event(block) == event


def test_comments_and_losses_of_a_feed_are_no_events() -> None:
    assert feed_event(": nothing new") is None
    assert feed_event('event: lost\ndata: {"kind": "lost", "events": 3}') is None


def test_a_journal_is_followed_as_it_grows(tmp_path: Path) -> None:
    entries = story()
    lines = [encode_entry(entry) + "\n" for entry in entries]
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(lines[:5]) + lines[5][:10])
    heard: list[Entry] = []
    stop, grown = threading.Event(), threading.Event()

    def hear(entry: Entry) -> None:
        heard.append(entry)
        if len(heard) == 5:
            grown.set()
        if len(heard) == len(lines):
            stop.set()

    follower = threading.Thread(target=follow_journal, args=(path, hear, stop), daemon=True)
    follower.start()
    assert grown.wait(PATIENCE_S)
    with path.open("a") as file:
        file.write(lines[5][10:] + "".join(lines[6:]))
    follower.join(PATIENCE_S)
    assert heard == entries


def test_what_is_no_journal_is_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text("nonsense\n")
    with pytest.raises(InputError, match="not a journal line"):
        follow_journal(path, lambda _: None, threading.Event())


def held_story() -> list[Entry]:
    entries = story(until=2 * SECOND)
    held = HoldBegun(at=ORIGIN + 2 * SECOND, number=1, before="blank")
    return [*entries, Entry(len(entries) + 1, held)]


def test_a_held_run_goes_on_by_its_page_alone() -> None:
    gone: list[str] = []

    def go() -> None:
        gone.append("go")
        console(Entry(9999, HoldReleased(at=ORIGIN + 3 * SECOND, number=1, by="Ada", resumes=0, ends=0)))

    console = RunConsole(lambda: ORIGIN + 2 * SECOND, lambda: None, go)
    with shown(console) as page:
        for entry in held_story()[:-1]:
            console(entry)
        assert page.state()["can"]["go"] is None
        assert page.act("POST", "/go")[0] == 409
        console(held_story()[-1])
        state = page.state()
        assert state["status"]["words"] == "held before blank, until somebody says go"
        assert state["can"]["go"] == "Let the run go on: next is blank"
        assert page.act("POST", "/go", Origin="http://evil.example")[0] == 403
        assert page.act("POST", "/go") == (200, {"go": 1})
        assert page.state()["can"]["go"] is None
    assert gone == ["go"]


def test_off_loopback_the_audience_may_only_watch() -> None:
    console, tokens = run_console(held_story(), 2 * SECOND, lambda: pytest.fail("nobody may")), PageTokens.draw()
    with serving(console.pages, console.routes(), console.access, host="0.0.0.0", tokens=tokens) as url:
        page = Page(url.replace("0.0.0.0", "127.0.0.1"))
        watch, act = ({"Authorization": f"Bearer {token}"} for token in (tokens.watch, tokens.act))
        assert page.ask("GET", "/console/forms")[0] == 401
        assert page.ask("GET", "/console/forms", **watch)[0] == 200
        status, answer = page.act("POST", "/halt", **watch)
        assert (status, "may watch and change nothing" in answer["error"]) == (403, True)
        assert page.act("POST", "/go", **act)[0] == 409, "nothing else than that nobody here can say go"
        assert page.act("POST", "/halt", Authorization="Bearer wrong")[0] == 401


def test_off_loopback_there_is_no_page_without_tokens() -> None:
    console = run_console([])
    with (
        pytest.raises(PlaneError, match="needs tokens"),
        serving(console.pages, console.routes(), console.access, host="0.0.0.0"),
    ):
        pass
