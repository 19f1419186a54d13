"""The HTTP API: paths, bodies, status codes and error texts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chaoskit.network.toxics import TOXICS
from tests.network.conformance.subject import PATIENCE_S, Subject, ask, dial
from tests.network.conformance.waiting import until

NOWHERE = "127.0.0.1:9"


def error(text: str, status: int) -> tuple[int, dict[str, Any]]:
    return status, {"error": text, "status": status}


def proxy(name: str = "p", listen: str = "127.0.0.1:0") -> dict[str, Any]:
    return {"name": name, "listen": listen, "upstream": NOWHERE}


def test_a_proxy_from_birth_to_death(subject: Subject) -> None:
    status, kind, _ = subject.ask("POST", "/proxies", proxy())
    assert (status, kind) == (201, "application/json")
    status, made = subject.call("GET", "/proxies/p")
    assert re.fullmatch(r"127\.0\.0\.1:[1-9]\d*", made["listen"])
    # Toxiproxy 2.5 tells a field of its own beside these (an empty "Logger").
    assert made == made | {**proxy(), "listen": made["listen"], "enabled": True, "toxics": []}
    assert subject.call("GET", "/proxies") == (200, {"p": made})
    assert subject.call("POST", "/proxies", proxy()) == error("proxy already exists", 409)
    assert subject.call("DELETE", "/proxies/p") == (204, None)
    assert subject.call("GET", "/proxies") == (200, {})
    with pytest.raises(ConnectionRefusedError):
        dial(made["listen"])


def test_a_proxy_may_be_born_switched_off(subject: Subject) -> None:
    status, made = subject.call("POST", "/proxies", {**proxy(), "enabled": False})
    assert (status, made["enabled"]) == (201, False)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/proxies/none"),
        ("POST", "/proxies/none"),
        ("DELETE", "/proxies/none"),
        ("GET", "/proxies/none/toxics"),
        ("POST", "/proxies/none/toxics"),
        ("GET", "/proxies/none/toxics/t"),
        ("POST", "/proxies/none/toxics/t"),
        ("DELETE", "/proxies/none/toxics/t"),
    ],
)
def test_a_proxy_that_is_not_there(subject: Subject, method: str, path: str) -> None:
    assert subject.call(method, path, {}) == error("proxy not found", 404)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_toxic_that_is_not_there(subject: Subject, method: str) -> None:
    subject.call("POST", "/proxies", proxy())
    assert subject.call(method, "/proxies/p/toxics/none", {}) == error("toxic not found", 404)


def test_what_a_proxy_needs(subject: Subject) -> None:
    assert subject.call("POST", "/proxies", {"upstream": NOWHERE}) == error("missing required field: name", 400)
    assert subject.call("POST", "/proxies", {"name": "p"}) == error("missing required field: upstream", 400)
    status, answer = subject.call("POST", "/proxies", b"{")
    assert (status, answer["status"]) == (400, 400)
    assert answer["error"].startswith("bad request body: ")
    taken = subject.proxy(name="first")
    status, answer = subject.call("POST", "/proxies", proxy("second", taken))
    assert (status, answer["status"]) == (500, 500)
    assert "address already in use" in answer["error"].lower()
    assert list(subject.call("GET", "/proxies")[1]) == ["first"]


def test_populate(subject: Subject) -> None:
    status, answer = subject.call("POST", "/populate", [proxy("a"), {**proxy("b"), "enabled": False}])
    assert (status, [(one["name"], one["enabled"]) for one in answer["proxies"]]) == (201, [("a", True), ("b", False)])
    subject.call("POST", "/proxies/a/toxics", {"name": "t", "type": "latency", "attributes": {"latency": 5}})
    before = subject.call("GET", "/proxies")[1]
    assert sorted(before) == ["a", "b"]
    status, again = subject.call("POST", "/populate", [proxy("a", before["a"]["listen"])])
    assert status == 201
    defect = subject.has("populate describes what is there already as switched off")
    assert again["proxies"][0]["enabled"] is not defect
    assert subject.call("GET", "/proxies")[1] == before, "what matches stays as it is, toxics included"
    moved = {**proxy("a", before["a"]["listen"]), "upstream": "127.0.0.1:7"}
    assert subject.call("POST", "/populate", [moved])[0] == 201
    assert subject.call("GET", "/proxies/a")[1] == {**before["a"], "upstream": "127.0.0.1:7", "toxics": []}


def test_populate_that_cannot_be_done(subject: Subject) -> None:
    for field in ("name", "upstream"):
        wanted = [proxy("a"), {key: value for key, value in proxy("b").items() if key != field}]
        status, answer = subject.call("POST", "/populate", wanted)
        wrong = f"missing required field: {field} at proxy 2"
        assert (status, answer) == (400, {"error": wrong, "status": 400, "proxies": None})
    assert subject.call("GET", "/proxies")[1] == {}, "all are looked at before any is made"
    status, answer = subject.call("POST", "/populate", b"[")
    assert (status, answer["error"].startswith("bad request body: ")) == (400, True)
    taken = subject.proxy(name="first")
    status, answer = subject.call("POST", "/populate", [proxy("a"), proxy("b", taken)])
    assert (status, answer["status"], [one["name"] for one in answer["proxies"]]) == (500, 500, ["a"])


def test_switching_off_and_on(subject: Subject) -> None:
    address = subject.proxy()
    with dial(address) as client:
        assert ask(client) == b"x"
        status, answer = subject.call("POST", "/proxies/p", {"enabled": False})
        assert (status, answer["enabled"], answer["listen"]) == (200, False, address)
        assert client.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        dial(address)
    status, answer = subject.call("POST", "/proxies/p", {"enabled": True})
    assert (status, answer["enabled"], answer["listen"]) == (200, True, address)
    with dial(address) as client:
        assert ask(client) == b"x"


def test_sending_a_proxy_elsewhere(subject: Subject) -> None:
    address = subject.proxy(lambda connection: connection.sendall(b"a"))
    other = subject.service(lambda connection: connection.sendall(b"b"))
    status, answer = subject.call("POST", "/proxies/p", {"upstream": other})
    assert (status, answer["upstream"], answer["listen"]) == (200, other, address)
    with dial(address) as client:
        assert client.recv(1) == b"b"


def test_toxics_from_birth_to_death(subject: Subject) -> None:
    subject.proxy()
    status, made = subject.call("POST", "/proxies/p/toxics", {"type": "latency", "attributes": {"latency": 9}})
    assert (status, made) == (
        200,
        {
            "name": "latency_downstream",
            "type": "latency",
            "stream": "downstream",
            "toxicity": 1,
            "attributes": {"latency": 9, "jitter": 0},
        },
    )
    at = "/proxies/p/toxics/latency_downstream"
    assert subject.call("GET", at) == (200, made)
    assert subject.call("GET", "/proxies/p/toxics") == (200, [made])
    assert subject.call("GET", "/proxies/p")[1]["toxics"] == [made]
    assert subject.call("POST", "/proxies/p/toxics", {"type": "latency"}) == error("toxic already exists", 409)
    changed = {**made, "toxicity": 0.5, "attributes": {"latency": 9, "jitter": 3}}
    assert subject.call("POST", at, {"toxicity": 0.5, "attributes": {"jitter": 3}}) == (200, changed)
    assert subject.call("POST", at, {"attributes": {"latency": 1}})[1]["toxicity"] == 0.5
    assert subject.call("DELETE", at) == (204, None)
    assert subject.call("GET", "/proxies/p/toxics") == (200, [])


ATTRIBUTES: dict[str, dict[str, int]] = {
    "latency": {"latency": 1, "jitter": 2},
    "bandwidth": {"rate": 3},
    "slow_close": {"delay": 4},
    "timeout": {"timeout": 5},
    "reset_peer": {"timeout": 6},
    "slicer": {"average_size": 70, "size_variation": 8, "delay": 9},
    "limit_data": {"bytes": 10},
    "noop": {},
}


def test_every_toxic_is_here() -> None:
    own = {kind for kind in TOXICS.kinds if not TOXICS.get(kind).IN_TOXIPROXY}
    assert {*ATTRIBUTES, *own, "down"} == set(TOXICS.kinds), "down is a proxy switched off, not a toxic"


@pytest.mark.parametrize("kind", ATTRIBUTES)
def test_the_attributes_of(subject: Subject, kind: str) -> None:
    subject.proxy()
    wanted = {"name": "t", "type": kind, "stream": "upstream", "toxicity": 0.25, "attributes": ATTRIBUTES[kind]}
    assert subject.call("POST", "/proxies/p/toxics", wanted) == (200, wanted)
    assert subject.call("GET", "/proxies/p/toxics") == (200, [wanted])
    assert TOXICS.get(kind).of_attributes(ATTRIBUTES[kind]).attributes() == ATTRIBUTES[kind]


def test_what_is_no_toxic(subject: Subject) -> None:
    subject.proxy()
    invalid = error("invalid toxic type", 400)
    assert subject.call("POST", "/proxies/p/toxics", {"type": "down"}) == invalid
    assert subject.call("POST", "/proxies/p/toxics", {}) == invalid
    wrong = error("stream was invalid, can be either upstream or downstream", 400)
    assert subject.call("POST", "/proxies/p/toxics", {"type": "latency", "stream": "sideways"}) == wrong
    for body in (b"{", {"type": "latency", "attributes": {"latency": "long"}}):
        status, answer = subject.call("POST", "/proxies/p/toxics", body)
        assert (status, answer["error"].startswith("bad request body: ")) == (400, True)
    assert subject.call("GET", "/proxies/p/toxics") == (200, [])


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("latency", {"latency": -1}),
        ("latency", {"latncy": 1000}),
        ("slicer", {"average_size": 0}),
        ("slicer", {"average_size": 10, "size_variation": 11}),
    ],
)
def test_attributes_that_make_no_sense_are_refused(subject: Subject, kind: str, attributes: dict[str, int]) -> None:
    subject.proxy()
    status, _ = subject.call("POST", "/proxies/p/toxics", {"type": kind, "attributes": attributes})
    assert status == (200 if subject.has("attributes are not checked") else 400)


def test_reset(subject: Subject) -> None:
    for name in ("a", "p"):
        subject.proxy(name=name)
    subject.toxic("latency", latency=5)
    subject.call("POST", "/proxies/a", {"enabled": False})
    assert subject.call("POST", "/reset") == (204, None)
    found = subject.call("GET", "/proxies")[1]
    assert {name: (one["enabled"], one["toxics"]) for name, one in found.items()} == {"a": (True, []), "p": (True, [])}


def test_version(subject: Subject) -> None:
    """A bare word up to Toxiproxy 2.5, JSON since, and in ours."""
    status, _, body = subject.ask("GET", "/version")
    assert status == 200
    assert re.fullmatch(rb'\{"version": ?"[^"]+"\}|\S+', body.strip())


def test_nobody_else(subject: Subject) -> None:
    assert subject.ask("GET", "/nothing")[0] == 404
    assert subject.ask("DELETE", "/proxies")[0] == 405
    page = {"User-Agent": "Mozilla/5.0"}
    assert subject.ask("GET", "/version", None, PATIENCE_S, **page)[0] == 403, "a page in a browser drives no proxy"


def test_metrics_count_what_came_and_what_went(subject: Subject) -> None:
    address = subject.proxy()
    upstream = subject.call("GET", "/proxies/p")[1]["upstream"]
    subject.toxic("limit_data", bytes=4)
    with dial(address) as client:
        client.sendall(b"123456")
        assert client.recv(9) == b"1234"
        assert client.recv(9) == b""

    def counted() -> dict[tuple[str, str], float]:
        status, kind, body = subject.ask("GET", "/metrics")
        assert (status, kind.startswith("text/plain; version=0.0.4")) == (200, True)
        labels = f'listener="{address}",proxy="p",upstream="{upstream}"'
        line = re.compile(rf'toxiproxy_proxy_(\w+)_bytes_total{{direction="(\w+)",{re.escape(labels)}}} (\S+)')
        return {(way, direction): float(value) for way, direction, value in line.findall(body.decode())}

    until(
        lambda: (
            counted()
            == {
                ("received", "upstream"): 6,
                ("sent", "upstream"): 6,
                ("received", "downstream"): 6,
                ("sent", "downstream"): 4,
            }
        )
    )


NULLS = {
    "name": None,
    "type": None,
    "stream": None,
    "toxicity": None,
    "attributes": None,
    "enabled": None,
    "listen": None,
}


def test_null_fields_are_fields_left_out(subject: Subject) -> None:
    """Toxiproxy's Ruby client sends ``"enabled": null`` for each proxy that it makes."""
    status, made = subject.call("POST", "/proxies", {**proxy(), "enabled": None})
    assert (status, made["enabled"]) == (201, True)
    body = {"upstream": None, "listen": None, "enabled": None, "name": None}
    assert subject.call("POST", "/proxies/p", body) == (200, made)
    toxic = {**NULLS, "type": "latency", "attributes": {"latency": 5, "jitter": None}}
    status, added = subject.call("POST", "/proxies/p/toxics", toxic)
    assert (status, added["name"], added["stream"], added["toxicity"]) == (200, "latency_downstream", "downstream", 1)
    assert added["attributes"] == {"latency": 5, "jitter": 0}
    for change in (NULLS, {"attributes": {"latency": None}}, b"null"):
        assert subject.call("POST", "/proxies/p/toxics/latency_downstream", change) == (200, added)
    status, answer = subject.call("POST", "/populate", [{**proxy("q"), "enabled": None}])
    assert (status, answer["proxies"][0]["enabled"]) == (201, True)
    assert subject.call("POST", "/proxies", {**proxy(), "name": None}) == error("missing required field: name", 400)
    assert subject.call("POST", "/proxies/p/toxics", {"type": None}) == error("invalid toxic type", 400)


def test_a_body_of_null(subject: Subject) -> None:
    assert subject.call("POST", "/proxies", b"null")[0] == 400
    made = subject.call("POST", "/proxies", proxy())[1]
    assert subject.call("POST", "/proxies/p", b"null") == (200, made)
    status, answer = subject.call("POST", "/populate", b"null")
    assert (status, answer["proxies"] or []) == (201, [])


def test_fields_in_any_case_unknown_fields_and_what_follows(subject: Subject) -> None:
    body = b'{"NAME": "p", "Upstream": "127.0.0.1:9", "listen": "127.0.0.1:0", "other": {}} and so on'
    status, made = subject.call("POST", "/proxies", body)
    assert (status, made["name"], made["upstream"]) == (201, "p", "127.0.0.1:9")


@pytest.mark.parametrize("field", ["name", "listen", "upstream", "enabled"])
@pytest.mark.parametrize("value", [5, {}, []])
def test_a_field_of_another_type(subject: Subject, field: str, value: Any) -> None:
    status, answer = subject.call("POST", "/proxies", {**proxy(), field: value})
    assert (status, answer["status"]) == (400, 400)
    assert answer["error"].startswith("bad request body: ")
    assert subject.call("GET", "/proxies") == (200, {})


def test_a_stream_that_is_empty_is_none(subject: Subject) -> None:
    subject.proxy()
    wrong = error("stream was invalid, can be either upstream or downstream", 400)
    assert subject.call("POST", "/proxies/p/toxics", {"type": "latency", "stream": ""}) == wrong
    assert subject.call("POST", "/proxies/p/toxics", {"type": "noop", "stream": "Upstream"})[0] == 200


def test_a_slicer_that_varies_by_its_whole_size(subject: Subject) -> None:
    """toxiproxy-node-client's own test asks for it."""
    attributes = {"average_size": 1000, "size_variation": 1000, "delay": 1000}
    address = subject.proxy()
    subject.add({"name": "t", "type": "slicer", "attributes": attributes})
    assert subject.call("GET", "/proxies/p/toxics/t")[1]["attributes"] == attributes
    with dial(address) as client:
        assert ask(client, b"x" * 5000) == b"x" * 5000


def test_noop_changes_nothing(subject: Subject) -> None:
    address = subject.proxy()
    subject.toxic("noop")
    with dial(address) as client:
        assert ask(client, b"abc") == b"abc"


def test_patch(subject: Subject) -> None:
    subject.proxy()
    subject.toxic("latency", latency=1)
    known = 405 if subject.has("knows no PATCH") else 200
    assert subject.ask("PATCH", "/proxies/p", {"enabled": True})[0] == known
    assert subject.ask("PATCH", "/proxies/p/toxics/t", {"toxicity": 0.5})[0] == known


@pytest.mark.parametrize("bomb", [b"[" * 100_000, b'{"a":' * 100_000, b'{"name":' + b"9" * 5_000 + b"}"])
def test_what_is_too_deep_or_too_long(subject: Subject, bomb: bytes) -> None:
    assert subject.ask("POST", "/proxies", bomb)[0] == 400
    assert subject.ask("GET", "/version")[0] == 200


def test_a_lone_surrogate_in_a_name(subject: Subject) -> None:
    raw = b'{"name": "a\\ud800b", "upstream": "127.0.0.1:9", "listen": "127.0.0.1:0"}'
    status, made = subject.call("POST", "/proxies", raw)
    assert (status, made["name"]) == (201, "a\ufffdb")
    assert subject.call("DELETE", "/proxies/a%EF%BF%BDb") == (204, None)


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /version HTTP/1.0\r\n\r\n",
        b"GET http://x/version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        (
            b"POST /populate HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"1\r\n[\r\n1\r\n]\r\n0\r\n\r\n"
        ),
    ],
)
def test_other_ways_to_ask(subject: Subject, raw: bytes) -> None:
    """HTTP/1.0, the absolute form, a body in chunks; each answer carries an id."""
    answer = subject.exchange(raw)
    assert re.match(rb"HTTP/1\.[01] 20[01] ", answer)
    assert re.search(rb"\r\nX-Toxiproxy-Request-Id: [0-9a-z]{20}\r\n", answer)
