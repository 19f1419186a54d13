"""What proves that a toxic met a connection when no proxy says so, and what does not."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from chaoskit.journal.events import (
    CallFinished,
    ConnectionClosed,
    Entry,
    ErrorLink,
    Event,
    InjectionApplied,
    InjectionLifted,
    InjectionPlanned,
    PlaneReady,
    RequestArrived,
)
from chaoskit.journal.toxic_evidence import infer_affected
from chaoskit.units import MILLISECOND


def ready(implementation: str, *, silent: bool = False) -> PlaneReady:
    return PlaneReady(at=0, plane="network", implementation=implementation, addresses={}, pid=1, silent=silent)


TOXIPROXY = ready("Toxiproxy 2.5.0", silent=True)
APPLIED = InjectionApplied(at=100, injection="i", due=90)
LIFTED = InjectionLifted(at=210, injection="i", due=200)


def request(at: int, nth: int, connection: str = "c", service: str = "dynamodb") -> RequestArrived:
    return RequestArrived(
        at=at,
        request=at,
        service=service,
        operation="GetItem",
        invocation=None,
        attempt=None,
        user_agent="",
        connection=connection,
        nth=nth,
    )


def refused(at: int, client: str = "a", number: int = errno.ECONNREFUSED) -> CallFinished:
    errors = (ErrorLink(type="E", message=""), ErrorLink(type="OSError", message="", errno=number))
    return CallFinished(at=at, client=client, call=at, result="failed", errors=errors)


def proof(fault: str, events: list[Event], parameters: dict[str, Any] | None = None, **more: Any) -> list[int]:
    planned = InjectionPlanned(
        at=0, injection="i", plane="network", fault=fault, where="dynamodb, downstream", target={"service": "dynamodb"}, spans=((90, 200),),
        parameters=parameters or {"latency": 5 * MILLISECOND, "jitter": 0},
    )  # fmt: skip
    planned = planned.with_fields(**more)
    experiment = {"clients": {"a": {}, "e": {"service": "ec2"}}}
    entries = [Entry(seq, event) for seq, event in enumerate(events, start=1)]
    return infer_affected(entries, planned, experiment)


def test_two_requests_in_a_row_over_one_connection_went_through() -> None:
    events: list[Event] = [TOXIPROXY, APPLIED, request(110, 4), request(120, 5), request(130, 6), LIFTED]
    assert proof("latency", events) == [4, 5]


@pytest.mark.parametrize(
    "requests",
    [
        [request(110, 4)],
        [request(90, 4), request(110, 5)],  # the answer to the first may have gone before the toxic was on
        [request(110, 4), request(200, 5)],
        [request(110, 4), request(120, 4, "d")],
        [request(110, 4), request(120, 6)],
        [request(110, 4, service="ec2"), request(120, 5, service="ec2")],
    ],
)
def test_nothing_less_proves_it(requests: list[Event]) -> None:
    assert proof("latency", [TOXIPROXY, APPLIED, *requests, LIFTED]) == []


def test_only_where_no_proxy_tells_and_every_byte_is_delayed() -> None:
    pair: list[Event] = [APPLIED, request(110, 4), request(120, 5), LIFTED]
    assert proof("latency", [TOXIPROXY, *pair]) == [4]
    assert proof("bandwidth", [TOXIPROXY, *pair], {"rate": 3}) == [4]
    assert proof("latency", [ready("embedded proxy"), *pair]) == []
    assert proof("latency", [TOXIPROXY, *pair], chance=0.9) == []
    assert proof("latency", [TOXIPROXY, *pair], {"latency": 5 * MILLISECOND, "jitter": 5 * MILLISECOND}) == []
    assert proof("timeout", [TOXIPROXY, *pair], {"timeout": 0}) == []
    assert proof("latency", [TOXIPROXY, *pair], injection="another") == []


@pytest.mark.parametrize("narrowed", [{"zone": 1}, {"addresses": ["127.0.1.0/30"]}])
def test_requests_by_other_proxies_prove_no_toxic_on_some(
    narrowed: dict[str, Any],
) -> None:
    target = {"service": "dynamodb", **narrowed}
    assert proof("latency", [TOXIPROXY, APPLIED, request(110, 4), request(120, 5), LIFTED], target=target) == []


def test_a_refusal_while_the_service_is_down() -> None:
    closed = ConnectionClosed(at=95, connection="c", proxy="dynamodb@::1", bytes_up=1, bytes_down=1, toxics=("down",))
    events: list[Event] = [
        closed,
        APPLIED,
        refused(150),
        refused(150, "e"),
        refused(150, "a", errno.ETIMEDOUT),
        LIFTED,
        refused(205),
    ]
    assert proof("down", events, {"refuse": True}) == [1, 3]
