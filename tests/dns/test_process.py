"""``python -m chaoskit.dns`` as the supervisor meets it: plan, ready, arm, answers, stop; and an end for every other way out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import dns.message
import dns.query
import pytest

from chaoskit.child import ALIVE, PARENT_GONE
from chaoskit.clock import WallClock
from chaoskit.dns.faults.empty import Empty
from chaoskit.dns.target import DnsTarget
from chaoskit.journal.codec import decode
from chaoskit.journal.events import Event, HarnessFailed, PlaneReady, QueryAnswered
from chaoskit.timeline.codec import injection_to_json
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.window import Once
from chaoskit.units import SECOND

NAME = "dynamodb.us-east-1.amazonaws.com"
ZONE = {"apex": NAME, "records": [{"name": NAME, "rtype": "A", "ttl": 5, "data": "127.0.1.1"}]}
BLANK = injection_to_json(Injection("blank", DnsTarget(NAME), Once(0, 3600 * SECOND), Empty()))


def plan(**changed: Any) -> dict[str, Any]:
    listeners = [{"label": label, "host": "127.0.0.1", "port": 0} for label in ("cold", "warm")]
    return {"seed": 1, "listeners": listeners, "zones": [ZONE], "injections": [BLANK]} | changed


class Plane:
    """The child and what it says."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def tell(self, **command: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def event(self) -> Event:
        assert self.process.stdout is not None
        while (line := self.process.stdout.readline()).startswith(ALIVE):
            pass
        return decode(line)

    def ready(self) -> PlaneReady:
        event = self.event()
        assert isinstance(event, PlaneReady), event
        return event

    def drain(self) -> None:
        """Take in what it has to say until it ends, or it could not say it."""
        assert self.process.stdout is not None
        self.process.stdout.read()

    def hang_up(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()


@pytest.fixture
def plane() -> Iterator[Plane]:
    with subprocess.Popen(
        [sys.executable, "-m", "chaoskit.dns"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield Plane(process)
        finally:
            process.kill()


def ask(address: str) -> dns.message.Message:
    host, _, port = address.rpartition(":")
    return dns.query.udp(dns.message.make_query(NAME, "A"), host, port=int(port), timeout=10)


def test_the_blank_begins_when_armed_and_ends_on_time(plane: Plane) -> None:
    plane.tell(**plan())
    ready = plane.ready()
    assert (ready.plane, set(ready.addresses), ready.pid) == ("dns", {"cold", "warm"}, plane.process.pid)
    cold = ready.addresses["cold"]

    def seen(count: int) -> QueryAnswered:
        """Ask until an answer has ``count`` records; the event of that answer."""
        for _ in range(20_000):
            answer = ask(cold)
            event = plane.event()
            assert isinstance(event, QueryAnswered)
            assert (event.asker, event.name, event.answers) == ("cold", NAME, len(answer.answer))
            assert (event.faults == ("blank",)) == (not answer.answer), "each blank answer names its injection"
            if len(answer.answer) == count:
                return event
        pytest.fail(f"never an answer with {count} records")

    assert seen(1).faults == ()
    plane.tell(do="arm", origin=WallClock().now())
    blank = seen(0)
    assert (blank.rcode, blank.reply) == ("NOERROR", "answer")
    plane.tell(do="arm", origin=WallClock().now() - 3600 * SECOND)  # now its hour is over
    seen(1)
    plane.tell(do="stop")
    assert plane.process.wait(30) == 0


def test_an_event_ends_the_window_that_waits_for_it(plane: Plane) -> None:
    plane.tell(
        **plan(
            injections=[
                BLANK | {"when": {"until": {"start": 0, "length": 3600 * SECOND, "client": "cold", "failed_calls": 3}}}
            ]
        )
    )
    cold = plane.ready().addresses["cold"]

    def until_answers(count: int) -> None:
        for _ in range(20_000):
            if len(ask(cold).answer) == count:
                return
        pytest.fail(f"never an answer with {count} records")

    origin = WallClock().now()
    plane.tell(do="arm", origin=origin)
    until_answers(0)
    plane.tell(do="event", name="other", at=origin + SECOND)
    plane.tell(do="event", name="3 failed calls of cold", at=origin + 1)
    until_answers(1)
    plane.tell(do="stop")
    plane.drain()
    assert plane.process.wait(30) == 0


def test_no_parent_no_process(plane: Plane) -> None:
    plane.tell(**plan())
    plane.ready()
    plane.hang_up()
    assert plane.process.wait(30) == PARENT_GONE


def test_delayed_answers_are_logged_though_the_run_ends_first(plane: Plane) -> None:
    late = BLANK | {"id": "late", "fault": {"delay": {"by": 3600 * SECOND}}}
    plane.tell(**plan(injections=[late]))
    address = plane.ready().addresses["warm"]
    plane.tell(do="arm", origin=WallClock().now())
    host, _, port = address.rpartition(":")
    for _ in range(20_000):
        try:
            dns.query.udp(dns.message.make_query(NAME, "A"), host, port=int(port), timeout=1)
        except dns.exception.Timeout:  # armed by now
            break
        plane.event()
    plane.tell(do="stop")
    event = plane.event()
    assert isinstance(event, QueryAnswered)
    assert (event.reply, event.faults) == ("drop", ("late",))
    assert plane.process.wait(30) == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"listeners": [{"label": "x", "host": "192.0.2.1", "port": 0}]}, "192.0.2.1 is not loopback"),
        ({"zones": [ZONE, ZONE]}, "written twice"),
        ({"injections": [BLANK | {"fault": {"empti": {}}}]}, "did you mean 'empty'"),
    ],
)
def test_a_plan_that_cannot_be_served_is_a_harness_failure(plane: Plane, changed: dict[str, Any], said: str) -> None:
    plane.tell(**plan(**changed))
    event = plane.event()
    assert isinstance(event, HarnessFailed)
    assert said in event.message
    assert plane.process.wait(30) == 4


def test_an_unknown_command_is_a_failure_of_the_harness(plane: Plane) -> None:
    plane.tell(**plan())
    plane.ready()
    plane.tell(do="dance")
    event = plane.event()
    assert isinstance(event, HarnessFailed)
    assert "dance" in event.message
    assert plane.process.wait(30) == 4


def test_it_starts_lean() -> None:
    heavy = "pydantic yaml rich jinja2 moto boto3 cheroot"
    code = f"import sys, chaoskit.dns.__main__; print([name for name in {heavy.split()!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert result.stdout.strip() == "[]"
