"""What other systems are told of a run, over real HTTP on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from chaoskit.console.webhook import Receiver, Webhooks, read_receiver
from chaoskit.errors import InputError
from chaoskit.journal.events import HoldBegun, HoldReleased, InjectionCut
from chaoskit.units import SECOND
from tests.journal.story import ORIGIN
from tests.report.journals import Journals


@contextmanager
def receiving(status: int = 200) -> Iterator[tuple[str, list[tuple[str, Any, str | None]]]]:
    """A server that keeps what it is sent: path, body and Authorization."""
    messages: list[tuple[str, Any, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            messages.append((self.path, body, self.headers["Authorization"]))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", messages
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def tell(receivers: tuple[Receiver, ...], hidden: bool = False) -> list[str]:
    """A run of 10 s with a fault from 3 s to 6 s that is cut at 5 s, and a hold before it. Returns what was complained of."""
    journal = Journals(length=10 * SECOND, blanks=[(3 * SECOND, 6 * SECOND)], hidden=hidden)
    journal.head()
    journal.planes()
    journal.arm()
    at = ORIGIN + 2 * SECOND
    journal.add(HoldBegun(at=at, number=1, before="blank", injections=("blank",)))
    journal.add(HoldReleased(at=at + 1, number=1, by="Ada", resumes=at + 1, ends=at + 8 * SECOND))
    journal.add(InjectionCut(at=at, injection="blank", ends=ORIGIN + 5 * SECOND, because="enough", evidence=1))
    journal.end()
    complaints: list[str] = []
    webhooks = Webhooks(receivers, complaints.append)
    for entry in journal.entries():
        webhooks(entry)
    webhooks.tell_outcome(ORIGIN + 11 * SECOND, "passed")
    webhooks.close()
    return complaints


def test_a_webhook_is_told_in_order_and_where_it_was_cut() -> None:
    with receiving() as (url, messages):
        assert tell((Receiver(f"{url}/hook?key=1", "secret"),)) == []
    assert {(path, shown) for path, _, shown in messages} == {("/hook?key=1", "Bearer secret")}
    bodies = [body for _, body, _ in messages]
    kinds = ["hold_begins", "hold_ends", "fault_begins", "fault_ends", "run_ends", "verdict"]
    assert [body["kind"] for body in bodies] == kinds
    begins, ends = bodies[2], bodies[3]
    assert (begins["injection"], ends["time_ms"] - begins["time_ms"]) == ("blank", 2000)
    assert [body.get("injections") for body in bodies[:3]] == [["blank"], ["blank"], None]
    assert (bodies[1]["by"], bodies[-1]["outcome"]) == ("Ada", "passed")


def test_grafana_gets_annotations() -> None:
    with receiving() as (url, messages):
        assert tell((Receiver(f"{url}/api/annotations"),)) == []
    assert messages[0][1]["tags"] == ["chaoskit", "hold_begins", "blank"]
    annotation = messages[2][1]
    assert set(annotation) == {"time", "tags", "text"}
    assert annotation["tags"] == ["chaoskit", "fault_begins", "blank"]
    assert isinstance(annotation["time"], int)


def test_nothing_is_told_of_a_hidden_fault() -> None:
    with receiving() as (url, messages):
        tell((Receiver(url),), hidden=True)
    assert {body["kind"] for _, body, _ in messages} == {"hold_begins", "hold_ends", "run_ends", "verdict"}


def test_a_failing_receiver_is_told_of_once_and_others_hear_all() -> None:
    with receiving(500) as (bad, refused), receiving() as (good, messages):
        (complaint,) = tell((Receiver(bad), Receiver(good)))
    assert (
        complaint
        == f"webhook {bad}: it answered 500 Internal Server Error; the run goes on, and further failures of it are not told"
    )
    assert len(refused) == len(messages) == 6


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "http://", "127.0.0.1:80", "http://me:pw@127.0.0.1/", "http://127.0.0.1:99999/"]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="write http://HOST:PORT/PATH"):
        read_receiver(url, remote=True)


def test_a_receiver_off_loopback_must_be_meant() -> None:
    with pytest.raises(InputError, match="--webhook-remote"):
        read_receiver("http://grafana:3000/api/annotations", remote=False)
    assert read_receiver("http://grafana:3000/api/annotations", remote=True).takes_annotations
    assert not read_receiver("http://localhost:3000/hook", remote=False).takes_annotations
