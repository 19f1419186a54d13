"""Route 53 behind the gate, asked as WSGI."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from chaoskit.aws.evidence import Environ, Evidence
from chaoskit.aws.route53 import wire
from chaoskit.aws.route53.batch import Change
from chaoskit.aws.route53.control_plane import Behaviour
from chaoskit.aws.route53.record_set import HostedZone, RecordSet
from chaoskit.hunt.gated_route53 import GatedRoute53, describe_request
from chaoskit.journal.events import HostedZoneChanged, ZoneChanged
from tests.hunt.arena_lab import Heard

PATH = "/2013-04-01/hostedzone/Z1/rrset"
SHOWN = b"<X><HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name></HostedZone></X>"
SCOPE = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20151020/us-east-1/route53/aws4_request, SignedHeaders=host, Signature=0"
)


def moto(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """What keeps one empty hosted zone."""
    start_response("200 OK", [("Content-Type", "text/xml")])
    empty = HostedZone("Z1", "example.com.")
    return [wire.render_sets(empty, ("", "", ""), 100) if environ["PATH_INFO"].endswith("rrset") else SHOWN]


def record_set(address: str) -> RecordSet:
    return RecordSet("api.example.com.", "A", ttl=60, values=(address,))


class Stage:
    """A hosted zone with one record, and requests that wait in threads of their own."""

    def __init__(self) -> None:
        self.heard = Heard()
        self.followed: list[HostedZoneChanged] = []
        self.route53 = GatedRoute53(moto, Behaviour(account=None), self.heard.gate, self.follow)
        self.route53.fill({"example.com": [Change("CREATE", record_set("192.0.2.1"))]})
        self.route53.begin()
        self.application = Evidence(self.route53, lambda _: None)
        self.answers: list[tuple[str, bytes]] = []

    def follow(self, change: HostedZoneChanged) -> ZoneChanged:
        self.followed.append(change)
        return ZoneChanged(at=0, zone=change.zone, serial=1, source="route53", author=change.change, changes=())

    def ask(self, method: str, body: bytes = b"", **order: Any) -> tuple[str, str, dict[str, Any]]:
        """A request that is released with ``order``: status, body, and what was told of it."""
        thread = threading.Thread(target=self._ask, args=(method, body), daemon=True)
        thread.start()
        self.heard.release(self.heard.next()["call"], **order)
        thread.join(30)
        status, answer = self.answers.pop()
        return status, answer.decode(), {} if order.get("drop") else self.heard.next()

    def _ask(self, method: str, body: bytes) -> None:
        statuses: list[str] = []
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": PATH,
            "QUERY_STRING": "",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "HTTP_AUTHORIZATION": SCOPE,
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_PORT": "4242",
        }
        chunks = self.application(environ, lambda status, *_: statuses.append(status))
        self.answers.append((statuses[0], b"".join(chunks)))


def batch(action: Any, address: str) -> bytes:
    return wire.render_batch([Change(action, record_set(address))])


def test_a_write_takes_effect_when_it_is_released() -> None:
    stage = Stage()
    status, _, told = stage.ask("POST", batch("UPSERT", "192.0.2.2"))
    assert status == "200 OK"
    assert (told["result"], told["version"]) == ("200", 1)
    assert [change["kind"] for change in told["changes"]] == ["hosted_zone_changed", "zone_changed"]
    assert len(stage.followed) == 1


def test_a_refusal_is_told_with_its_code() -> None:
    status, _, told = Stage().ask("POST", batch("DELETE", "192.0.2.7"))
    assert status == "400 Bad Request"
    assert (told["result"], told["changes"], told["version"]) == ("400 InvalidChangeBatch", [], 0)


def test_a_stale_read_is_answered_from_its_version() -> None:
    stage = Stage()
    stage.ask("POST", batch("UPSERT", "192.0.2.2"))
    _, past, told = stage.ask("GET", as_of=0)
    _, present, _ = stage.ask("GET")
    assert told["version"] == 0
    assert ("192.0.2.1" in past, "192.0.2.2" in present) == (True, True)


@pytest.mark.parametrize(
    ("order", "version"), [({"fail": "before"}, 0), ({"fail": "after"}, 1), ({"withhold": True}, 1)]
)
def test_a_failure_comes_before_the_effect_or_after(order: dict[str, Any], version: int) -> None:
    stage = Stage()
    status, _, told = stage.ask("POST", batch("UPSERT", "192.0.2.2"), **order)
    assert status.startswith("500")
    assert told["version"] == version


def test_a_dropped_call_takes_no_effect() -> None:
    stage = Stage()
    stage.ask("POST", batch("UPSERT", "192.0.2.2"), drop=True)
    assert "192.0.2.1" in stage.ask("GET")[1]


def test_a_new_run_begins_with_the_first_zone() -> None:
    stage = Stage()
    stage.ask("POST", batch("UPSERT", "192.0.2.2"))
    (served,) = stage.route53.begin()
    assert [record.data for name in served.names for record in name.records] == ["192.0.2.1"]
    assert "192.0.2.1" in stage.ask("GET")[1]


def test_a_request_is_told_in_words() -> None:
    words = describe_request("ChangeResourceRecordSets", "", batch("UPSERT", "192.0.2.2"))
    assert words == ("write", "UPSERT api.example.com A 192.0.2.2")
    assert describe_request("ListResourceRecordSets", "name=api", b"") == ("read", "ListResourceRecordSets name=api")
    assert describe_request("DeleteHostedZone", "", b"")[0] == "write"
    assert describe_request("ChangeResourceRecordSets", "", b"<no")[1].endswith("cannot be read")
