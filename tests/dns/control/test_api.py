"""The control API over real HTTP: what each operation does, what is refused and how, and that a browser cannot drive it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from prometheus_client.parser import text_string_to_metric_families

from chaoskit.dns.control import event_stream as feeds
from chaoskit.dns.control.operations import BODY_BYTES, OPERATIONS, document
from chaoskit.dns.zone import Zones
from chaoskit.journal.events import QueryAnswered
from chaoskit.units import SECOND
from tests.dns.control.lab import JSON, START, Lab, lab

EMPTY = {"fault": "empty", "where": "api.example.com", "for": "30s"}


@pytest.fixture
def api() -> Iterator[Lab]:
    with lab() as found:
        yield found


def query(**more: Any) -> QueryAnswered:
    fields: dict[str, Any] = {
        "at": START, "answered_at": START + 200_000, "asker": "serve", "peer": "127.0.0.1:4000", "transport": "udp",
        "name": "api.example.com", "rtype": "A", "reply": "answer", "rcode": "NOERROR", "answers": 1,
    }  # fmt: skip
    return QueryAnswered(**(fields | more))


def test_the_life_of_an_injection(api: Lab) -> None:
    begun = api.ask("POST", "/injections", EMPTY | {"heartbeat": "10s"})
    assert (begun.status, begun.headers["location"]) == (201, "/injections/i1")
    assert begun.json["fault"] == {"empty": {}}
    assert begun.json["ends_ns"] == START + 10 * SECOND
    api.clock.advance(4 * SECOND)
    assert api.ask("POST", "/injections/i1/heartbeat").json["ends_ns"] == START + 14 * SECOND
    assert api.ask("PATCH", "/injections/i1", {"for": "5s", "chance": 0.5}).json["deadline_ns"] == START + 9 * SECOND
    listed = api.ask("GET", "/injections").json
    assert [one["id"] for one in listed["injections"]] == ["i1"]
    assert listed["injections"][0] == api.ask("GET", "/injections/i1").json
    assert api.ask("DELETE", "/injections/i1").json["why"] == "withdrawn"
    for method, path in (("GET", ""), ("POST", "/heartbeat"), ("DELETE", "")):
        over = api.ask(method, f"/injections/i1{path}")
        assert (over.status, "is over (withdrawn)" in over.json["error"]) == (410, True)
    assert api.ask("GET", "/injections").json["ended"][0]["why"] == "withdrawn"


def test_what_is_listed_can_be_posted_again(api: Lab) -> None:
    where = {"under": "example.com", "types": ["A"], "clients": ["127.0.0.0/8"]}
    asked = {"fault": {"delay": {"by": "200ms"}}, "where": where, "chance": 0.25}
    first = api.ask("POST", "/injections", asked).json
    again = api.ask("POST", "/injections", {key: first[key] for key in ("fault", "where", "chance")})
    assert again.status == 201
    assert {key: again.json[key] for key in asked} == asked


def test_reset_halt_and_resume(api: Lab) -> None:
    api.ask("POST", "/injections", EMPTY)
    assert api.ask("POST", "/reset").json == {"withdrawn": ["i1"], "halted": False}
    api.ask("POST", "/injections", EMPTY)
    assert api.ask("POST", "/halt").json == {"withdrawn": ["i2"], "halted": True}
    assert api.ask("POST", "/halt").json == {"withdrawn": [], "halted": True}
    refused = api.ask("POST", "/injections", EMPTY)
    assert (refused.status, "/resume" in refused.json["error"]) == (409, True)
    assert api.ask("GET", "/health").json["status"] == "halted"
    assert api.ask("POST", "/resume").json["status"] == "ok"
    assert api.ask("POST", "/injections", EMPTY).status == 201


def test_zones_are_put_whole_under_a_version(api: Lab) -> None:
    before = api.ask("GET", "/zones")
    assert (before.json["version"], before.headers["etag"]) == (1, '"1"')
    body = {"master_files": {"example.com": "api 5 A 192.0.2.9\n"}}
    put = api.ask("PUT", "/zones", body, JSON | {"If-Match": '"1"'})
    assert (put.status, put.json["version"], put.json["zones"][0]["records"][0]["data"]) == (200, 2, "192.0.2.9")
    assert api.ask("PUT", "/zones", body, JSON | {"If-Match": '"1"'}).status == 412
    assert api.ask("PUT", "/zones", body, JSON | {"If-Match": "new"}).status == 422
    bad = api.ask("PUT", "/zones", {"master_files": {"example.com": "api 5 A 192.0.2.300\n"}})
    assert (bad.status, "example.com:1: '192.0.2.300' is no valid data" in bad.json["error"]) == (422, True)
    assert api.ask("GET", "/zones").json["version"] == 2, "nothing of what is wrong is served"


def test_a_failed_canary_is_told_by_health(api: Lab) -> None:
    assert api.ask("GET", "/health").json["canary"]["ok"] is True
    api.server.responder = replace(api.server.responder, zones=Zones({}))
    api.on_dns(api.desk.tick)
    health = api.ask("GET", "/health")
    assert (health.status, health.json["status"], health.json["canary"]["ok"]) == (503, "canary failed", False)
    assert api.ask("POST", "/injections", EMPTY).status == 409


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/injections", b"{", 400, "the body is not JSON"),
        ("POST", "/injections", b"[" * 5000, 400, "the body is not JSON"),
        ("POST", "/injections", b"\xff", 400, "the body is not JSON"),
        ("POST", "/injections", b" " * (BODY_BYTES + 1), 413, "larger than 65,536 bytes"),
        ("POST", "/injections", [], 422, "valid dictionary"),
        ("POST", "/injections", {"fault": "emty", "where": "a.test"}, 422, "did you mean 'empty'?"),
        ("POST", "/injections", EMPTY | {"for": "11m"}, 422, "at most 10 min"),
        ("POST", "/injections", EMPTY | {"where": "canary.chaoskit.test"}, 409, "is the canary canary.chaoskit.test"),
        ("GET", "/injections/none", None, 404, "there is no injection 'none'; under way: none"),
        ("GET", "/nowhere", None, 404, "there is nothing at /nowhere; see /openapi.json"),
        ("DELETE", "/zones", None, 405, "DELETE is not done here"),
    ],
)
def test_what_is_wrong_is_said(api: Lab, method: str, path: str, body: Any, status: int, said: str) -> None:
    answer = api.ask(method, path, body)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/json")
    assert said in answer.json["error"]


def test_findings_name_the_fields(api: Lab) -> None:
    answer = api.ask("POST", "/injections", {"fault": {"delay": {"bye": "1s"}}, "where": {"nam": "x"}})
    assert {finding["field"] for finding in answer.json["findings"]} >= {"fault.delay.bye", "where.nam"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (JSON | {"Host": "rebound.evil.test"}, 403),
        (JSON | {"Host": "127.0.0.1.evil.test:80"}, 403),
        (JSON | {"Host": "[::ffff:192.0.2.1]:80"}, 403),
        (JSON | {"Origin": "https://evil.test"}, 403),
        (JSON | {"Origin": "null"}, 403),
        (JSON | {"Sec-Fetch-Site": "cross-site"}, 403),
        (JSON | {"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({}, 415),
        (JSON | {"Host": "localhost:8530"}, 200),
        (JSON | {"Host": "[::1]:8530"}, 200),
        ({"Content-Type": "Application/JSON; charset=utf-8"}, 200),
    ],
)
def test_a_web_page_cannot_drive_it(api: Lab, headers: dict[str, str], status: int) -> None:
    api.ask("POST", "/injections", EMPTY)
    assert api.ask("POST", "/reset", None, headers).status == status
    assert len(api.ask("GET", "/injections").json["injections"]) == (status != 200)


def test_nothing_is_read_by_a_page_either(api: Lab) -> None:
    for path in ("/injections", "/events", "/metrics", "/openapi.json"):
        assert api.ask("GET", path, None, {"Host": "rebound.evil.test"}).status == 403


def test_with_a_token_every_operation_needs_it() -> None:
    with lab("a-token-of-some-length") as api:
        for operation in OPERATIONS:
            path = operation.path.replace("{id}", "i1")
            for shown in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "a-token-of-some-length"}):
                assert api.ask(operation.method, path, None, JSON | shown).status == 401
        good = JSON | {"Authorization": "Bearer a-token-of-some-length"}
        assert api.ask("POST", "/injections", EMPTY, good).status == 201


def test_events_tell_of_queries_injections_and_their_ends(api: Lab) -> None:
    connection = api.connection()
    connection.request("GET", "/events")
    stream = connection.getresponse()
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.readline() == b": watching\n"
    api.ask("POST", "/injections", EMPTY)
    api.on_dns(lambda: api.feed.publish(query(faults=("i1",))))
    api.ask("POST", "/reset")
    api.ask("PUT", "/zones", {"master_files": {"example.com": "api 5 A 192.0.2.9\n"}})
    events: list[dict[str, Any]] = []
    while len(events) < 4:
        line = stream.readline().decode().strip()
        if line.startswith("data: "):
            events.append(json.loads(line.removeprefix("data: ")))
    assert [event["kind"] for event in events] == ["injection_begun", "query", "injection_ended", "zones_swapped"]
    assert (events[0]["fault"], events[1]["faults"], events[2]["why"]) == ({"empty": {}}, ["i1"], "reset")
    connection.close()


def test_a_slow_watcher_loses_events_and_is_told_how_many(api: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "BACKLOG", 3)
    connection = api.connection()
    connection.request("GET", "/events")
    stream = connection.getresponse()
    stream.readline()
    watcher = api.feed.watchers[0]
    watcher.is_woken = True  # it is not woken until all are offered

    def flood() -> None:
        for _ in range(10):
            api.feed.publish(query())
        watcher.loop.call_soon_threadsafe(watcher.news.set)

    api.on_dns(flood)
    kinds: list[str] = []
    while "lost" not in kinds:
        line = stream.readline().decode()
        if line.startswith("data: "):
            kinds.append(json.loads(line.removeprefix("data: "))["kind"])
            last = line
    assert kinds == ["query"] * 3 + ["lost"]
    assert json.loads(last.removeprefix("data: "))["events"] == 7
    assert api.feed.lost == 7
    connection.close()


def test_watchers_are_bounded(api: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MAX_WATCHERS", 0)
    assert api.ask("GET", "/events").status == 503


def test_metrics_count_and_their_labels_are_bounded(api: Lab) -> None:
    for number in range(50):
        api.tally.record(query(name=f"n{number}.example.com", faults=(f"i{number}",), rcode=f"RCODE{number}"))
    api.tally.record(query(reply="drop", rcode="", answers=0, upstream="timed out"))
    api.ask("POST", "/injections", EMPTY)
    families = {family.name: family for family in text_string_to_metric_families(api.ask("GET", "/metrics").text)}
    queries = {
        (sample.labels["result"], sample.labels["injected"]): sample.value
        for sample in families["chaoskit_dns_queries"].samples
    }
    assert queries == {("other", "true"): 50, ("drop", "false"): 1}
    seconds = {
        sample.labels.get("le", sample.name): sample.value for sample in families["chaoskit_dns_answer_seconds"].samples
    }
    assert (seconds["0.0001"], seconds["0.00025"], seconds["+Inf"]) == (0, 51, 51)
    assert [sample.labels for sample in families["chaoskit_dns_upstream"].samples] == [{"result": "timed out"}]
    assert families["chaoskit_injections"].samples[0].value == 1
    assert families["chaoskit_zones_version"].samples[0].value == 1


def test_the_openapi_document_is_valid_and_is_that_of_the_routes(api: Lab) -> None:
    served = api.ask("GET", "/openapi.json").json
    assert served == document()
    OpenAPIV31SpecValidator(served).validate()
    described = {(method.upper(), path) for path, methods in served["paths"].items() for method in methods}
    assert described == {(operation.method, operation.path) for operation in OPERATIONS}
    for method, path in described:
        answer = api.ask(method, re.sub(r"\{\w+\}", "i1", path), None, JSON) if path != "/events" else None
        assert answer is None or answer.status != 405
        assert answer is None or str(answer.status) in served["paths"][path][method.lower()]["responses"]


def test_answers_are_as_the_openapi_document_says(api: Lab) -> None:
    said = api.ask("GET", "/openapi.json").json

    def check(answer: Any, method: str, path: str) -> None:
        response = said["paths"][path][method]["responses"][str(answer.status)]
        schema = response["content"]["application/json"]["schema"]
        jsonschema.validate(answer.json, schema | {"components": said["components"]})

    check(api.ask("POST", "/injections", EMPTY), "post", "/injections")
    pulse = {"fault": "empty", "where": "nobody.test", "pulse": {"every": "5s", "for": "1s"}, "id": "i2"}
    check(api.ask("POST", "/injections", pulse), "post", "/injections")
    check(api.ask("POST", "/injections", {"fault": "emty"}), "post", "/injections")
    check(api.ask("GET", "/injections/i1"), "get", "/injections/{id}")
    check(api.ask("DELETE", "/injections/i1"), "delete", "/injections/{id}")
    check(api.ask("GET", "/injections"), "get", "/injections")
    check(api.ask("POST", "/halt"), "post", "/halt")
    check(api.ask("GET", "/zones"), "get", "/zones")
    check(api.ask("GET", "/health"), "get", "/health")


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        (EMPTY, True),
        ({"fault": {"delay": {"by": "1s"}}, "where": {"name": "a.test", "types": ["A"]}, "chance": 0.5}, True),
        ({"fault": "delay", "where": "a.test"}, False),
        ({"fault": "emty", "where": "a.test"}, False),
        ({"fault": "empty"}, False),
        (EMPTY | {"whom": 1}, False),
        (EMPTY | {"for": "soon"}, False),
    ],
)
def test_the_schema_of_a_request_agrees_with_the_server(api: Lab, body: Any, valid: bool) -> None:
    said = document()
    schema = {"$ref": "#/components/schemas/InjectionRequest", "components": said["components"]}
    assert jsonschema.Draft202012Validator(schema).is_valid(body) == valid
    assert (api.ask("POST", "/injections", body).status == 201) == valid


@pytest.mark.parametrize(
    "body",
    [
        b'{"fault": {"delay": {"by": "1s", "distribution": "pareto", "shape": NaN}}, "where": "api.example.com"}',
        b'{"fault": {"delay": {"by": "1s", "distribution": "pareto", "shape": 1e400}}, "where": "api.example.com"}',
        b'{"fault": "empty", "where": "api.example.com", "chance": Infinity}',
        b'{"fault": {"rcode": {"code": "SERVFAIL", "ede": 0, "text": "\\ud800"}}, "where": "api.example.com"}',
        b'{"fault": {"delay": {"by": ' + b"1" * 5000 + b'}}, "where": "api.example.com"}',
        b'{"fault": ' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    ],
)
def test_what_is_no_json_is_refused_before_anything_is_on(body: bytes) -> None:
    with lab() as found:
        answer = found.ask("POST", "/injections", body)
        assert (answer.status, answer.json["error"][:20]) == (400, "the body is not JSON")
        assert found.ask("GET", "/injections").json["injections"] == []
        assert found.server.responder.timeline.injections == ()


def test_halt_drops_what_is_delayed() -> None:
    with lab() as found:
        found.ask("POST", "/halt", {})
        assert found.server.dropped == 1
