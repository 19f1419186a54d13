"""The contract that every client speaks, on the smallest of them, and where it matters on boto3's."""

from __future__ import annotations

import time
from typing import Any

import pytest

from chaoskit.child import PARENT_GONE
from chaoskit.journal.events import CallFinished, CallStarted, ClientReady
from chaoskit.units import HOUR, MILLISECOND
from tests.clients.children import NEVER_ANSWERS, ClientProcess

NOOP = {"client": "app", "every_ns": 10 * MILLISECOND}


def start(length_ns: int) -> dict[str, Any]:
    origin = time.monotonic_ns()
    return {"do": "start", "origin": origin, "ends": origin + length_ns}


def test_ready_then_calls_then_a_clean_end_by_itself() -> None:
    with ClientProcess("noop", {"client": "app", "every_ns": 200 * MILLISECOND}) as client:
        ready = client.next()
        assert isinstance(ready, ClientReady)
        assert (ready.client, ready.use, ready.pid) == ("app", "noop", client.process.pid)
        client.send(start(1000 * MILLISECOND))
        events = client.rest()
        assert client.exit_code() == 0
        started = [event for event in events if isinstance(event, CallStarted)]
        finished = [event for event in events if isinstance(event, CallFinished)]
        assert started
        assert [event.call for event in started] == [event.call for event in finished]
        assert {event.result for event in finished} == {"ok"}


def test_stop_before_the_start_ends_it() -> None:
    with ClientProcess("noop", NOOP) as client:
        client.next()
        client.send({"do": "stop"})
        assert client.exit_code() == 0
        assert client.rest() == []


def test_stop_during_the_run_ends_it_in_whole_lines() -> None:
    with ClientProcess("noop", {"client": "app", "every_ns": MILLISECOND}) as client:
        client.next()
        client.send(start(HOUR))
        assert isinstance(client.next(), CallStarted)
        client.send({"do": "stop"})
        assert client.exit_code() == 0
        client.rest()  # decodes every line: none is cut


def test_when_the_parent_is_gone_so_is_the_client() -> None:
    with ClientProcess("noop", NOOP) as client:
        client.next()
        client.send(start(HOUR))
        client.next()
        assert client.process.stdin
        client.process.stdin.close()
        assert client.exit_code() == PARENT_GONE


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"client": "app", "speed": 9}, "client app: boto3 has no setting speed"),
        ({}, "boto3 client: no client name"),
        ({"client": "app", "connection": "hot"}, "boto3 has no connection 'hot'; use cold, warm or burst"),
        ({"client": "app", "retry_mode": "never"}, "boto3 has no retry_mode 'never'; use legacy, standard or adaptive"),
        (
            {"client": "app", "service": "glacier"},
            "boto3 has no operation of its own for glacier; name the one to call",
        ),
        ({"client": "app", "operation": "GetItems"}, "dynamodb has no operation 'GetItems'"),
        ({"client": "app", "operation": "Query"}, "operation query needs parameters"),
    ],
)
def test_a_plan_that_makes_no_sense_ends_it_with_a_message(plan: dict[str, Any], says: str) -> None:
    with ClientProcess("boto3", plan) as client:
        assert says in client.failure()
        assert client.exit_code() == 4
        assert client.complaint() == ""


def test_stop_ends_boto3_though_a_call_hangs() -> None:
    with ClientProcess("boto3", {"client": "app"}, prelude=NEVER_ANSWERS) as client:
        assert isinstance(client.next(), ClientReady)
        client.send(start(HOUR))
        assert isinstance(client.next(), CallStarted)
        client.send({"do": "stop"})
        assert client.exit_code() == 0
        assert not any(isinstance(event, CallFinished) for event in client.rest())
