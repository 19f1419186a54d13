from __future__ import annotations

import asyncio

from chaoskit.clients.noop import Noop, NoopClient
from chaoskit.clock import VirtualClock
from chaoskit.journal.events import CallFinished, CallStarted
from chaoskit.journal.store import Journal
from chaoskit.units import SECOND


def test_a_minute_of_nothing_in_no_time() -> None:
    clock, journal = VirtualClock(), Journal()
    client = NoopClient(Noop(client="app", every_ns=SECOND), clock, journal.append)
    journal.append(client.ready())
    asyncio.run(asyncio.wait_for(client.run(0, 60 * SECOND), 30))
    events = [entry.event for entry in journal.entries[1:]]
    started = [event for event in events if isinstance(event, CallStarted)]
    assert [event.at for event in started] == [n * SECOND for n in range(60)]
    assert [event.due for event in started] == [event.at for event in started]
    assert {event.result for event in events if isinstance(event, CallFinished)} == {"ok"}
    assert len(events) == 120


def test_what_other_clients_are_told_is_left_aside() -> None:
    plan = Noop.from_json({"client": "app", "every_ns": 5, "service": "dynamodb", "connection": "cold"})
    assert plan == Noop(client="app", every_ns=5)
