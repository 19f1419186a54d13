"""A service that somebody else provides, behind our front."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from chaoskit.aws.evidence import Evidence
from chaoskit.aws.stand_in import StandIns
from chaoskit.journal.events import Event, HarnessFailed, RequestAnswered
from tests.aws.test_evidence import environ


class Stub(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = f"{self.path} {self.headers['Host']} {self.headers['X-Amz-Target']} ".encode() + body
        self.send_response(418)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("Keep-Alive", "timeout=5")
        self.send_header("X-Own", "1")
        self.end_headers()
        self.wfile.write(answer)

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "42")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def stub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def moto(_: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"moto"]


def ask(application: Any, **fields: Any) -> tuple[str, dict[str, str], bytes]:
    import io

    body = fields.pop("body", b"")
    told: list[Any] = []
    asked = environ(CONTENT_LENGTH=str(len(body)), HTTP_X_AMZ_TARGET="D.GetItem", HTTP_CONNECTION="close", **fields)
    asked["wsgi.input"] = io.BytesIO(body)
    answer = b"".join(application(asked, lambda *args: told.extend(args[:2])))
    return told[0], dict(told[1]), answer


def test_requests_go_on_as_they_came_and_answers_come_back(stub: str) -> None:
    events: list[Event] = []
    application = Evidence(StandIns(moto, {"dynamodb": stub}), events.append)
    for _ in range(2):
        status, headers, answer = ask(application, REQUEST_URI="/a%2Fb?x=1", body=b"{}")
        assert status == "418 I'm a Teapot"
        assert answer == b"/a%2Fb?x=1 dynamodb.eu-west-1.amazonaws.com D.GetItem {}"
        assert (headers["Content-Length"], headers["X-Own"]) == (str(len(answer)), "1")
        assert "Keep-Alive" not in headers
    assert [event.status for event in events if isinstance(event, RequestAnswered)] == [418, 418]


def test_a_head_keeps_its_length(stub: str) -> None:
    application = Evidence(StandIns(moto, {"dynamodb": stub}), lambda _: None)
    assert ask(application, REQUEST_METHOD="HEAD")[1]["Content-Length"] == "42"


def test_other_services_stay_with_moto(stub: str) -> None:
    application = Evidence(StandIns(moto, {"ec2": stub}), lambda _: None)
    assert ask(application)[2] == b"moto"


def test_one_that_is_not_there_is_a_failure_of_the_harness() -> None:
    events: list[Event] = []
    application = Evidence(StandIns(moto, {"dynamodb": "127.0.0.1:1"}), events.append)
    assert ask(application)[0].startswith("500")
    (failed,) = [event for event in events if isinstance(event, HarnessFailed)]
    assert "127.0.0.1:1, which does not answer" in failed.message
    assert failed.message.endswith("is it running, and does it speak HTTP?"), "moto has no part in it"


def test_an_answer_that_ends_early_is_told_as_that() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            link, _ = server.accept()
            with link:
                link.recv(65536)
                link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")

        thread = threading.Thread(target=serve)
        thread.start()
        events: list[Event] = []
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert ask(Evidence(StandIns(moto, {"dynamodb": address}), events.append))[0].startswith("500")
        thread.join()
    (failed,) = [event for event in events if isinstance(event, HarnessFailed)]
    assert failed.message.endswith(
        f"dynamodb is answered by {address}, and an answer of it ended after 3 bytes of body"
    )
