"""In a run: a fault that fails makes it invalid, and everybody gets an answer until its supervisor has decided that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import dns.asyncquery
import dns.message
import dns.rcode
import pytest

from chaoskit.child import Command
from chaoskit.clock import WallClock
from chaoskit.dns.__main__ import serve
from chaoskit.dns.faults.empty import Empty
from chaoskit.dns.log import ThreadedLog
from chaoskit.journal.events import Event, HarnessFailed, PlaneReady
from tests.dns.test_breakage import ZONE

PLAN: dict[str, Any] = {
    "seed": 1,
    "listeners": [{"label": "cold", "host": "127.0.0.1", "port": 0}],
    "zones": [ZONE],
    "injections": [
        {
            "id": "i1",
            "where": {"name": "api.test"},
            "when": {"once": {"start": 0, "length": 1 << 60}},
            "fault": {"empty": {}},
        }
    ],
}


class Parent:
    """Stands in for the process contract's other end."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.ready = asyncio.Event()
        self.command: Callable[[Command], None] = lambda _: None

    def on_command(self, obey: Callable[[Command], None]) -> None:
        self.command = obey

    def emit(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, PlaneReady):
            self.ready.set()

    def prove_alive(self) -> None:
        pass


def test_a_fault_that_fails_is_told_and_withdrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr(Empty, "apply", fail)

    async def main() -> list[Event]:
        parent = Parent()
        events = ThreadedLog(parent.emit)
        child: Any = parent
        serving = asyncio.create_task(serve(child, PLAN, events.record, events))
        await parent.ready.wait()
        (ready,) = parent.events
        assert isinstance(ready, PlaneReady)
        port = int(ready.addresses["cold"].rpartition(":")[2])
        parent.command({"do": "arm", "origin": WallClock().now()})
        rcodes = []
        for _ in range(3):
            answer = await dns.asyncquery.udp(
                dns.message.make_query("api.test", "A"), "127.0.0.1", port=port, timeout=30
            )
            rcodes.append(dns.rcode.to_text(answer.rcode()))
        assert rcodes == ["SERVFAIL", "SERVFAIL", "NOERROR"], "withdrawn when it failed again"
        parent.command({"do": "stop"})
        await serving
        events.close()
        return parent.events

    failures = [event for event in asyncio.run(main()) if isinstance(event, HarnessFailed)]
    assert [failure.part for failure in failures] == ["dns", "dns"]
    assert "cold asked api.test A: FaultFailed: the fault of injection 'i1' failed" in failures[0].message
    assert "ZeroDivisionError: by nothing" in failures[0].message
