"""The console of a running ``chaoskit serve``: its desk's injections, its queries, and the operator's means to act."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from starlette.routing import Route

from chaoskit.clock import WallClock
from chaoskit.console.web.board import Board
from chaoskit.console.web.pages import ConsolePages, page_access
from chaoskit.console.web.vantage import Reach, Vantage
from chaoskit.dns.breakage import QueryFailed
from chaoskit.dns.control.api import Bridge
from chaoskit.dns.control.controller import ActiveInjection, InjectionController, Overview
from chaoskit.dns.control.event_stream import InjectionBegun, InjectionEnded, ZonesSwapped
from chaoskit.journal.events import QueryAnswered
from chaoskit.units import SECOND, format_duration

PROBE = "console"
"""Label of the listener that the console's own probe asks, so that its questions are nobody else's."""


class ServerConsole:
    """What ``dns.control.standalone`` needs of a console: it hears every event, and adds routes to the control API."""

    def __init__(self, title: str, reaches: Sequence[Reach] = ()) -> None:
        self.access = page_access()
        self.probe_label = PROBE
        self._title = title
        self._reaches = tuple(reaches)
        self._board = Board(_client_of)
        self._board.begun = WallClock().now()
        self._pages = ConsolePages(self._snapshot, self.access)
        self._bridge: Bridge | None = None
        self._vantage: Vantage | None = None
        self._last_end: int | None = None

    def hear(self, event: Any) -> None:
        """Take in an event of the feed; called by the DNS server's thread."""
        match event:
            case InjectionBegun():
                fault = _fault_words(event.fault)
                self._board.say(event.at, f"{event.injection} begins: {fault} on {event.where}", "bad")
            case InjectionEnded():
                self._last_end = max(self._last_end or 0, event.at)
                words = "query" if event.met == 1 else "queries"
                self._board.say(event.at, f"{event.injection} is over: {event.why}; it met {event.met} {words}", "ok")
            case ZonesSwapped():
                self._board.say(event.at, f"version {event.version} of the zones is served")
            case QueryFailed():
                self._board.say(event.at, f"a query for {event.name} failed by our fault: {event.message}", "bad")
            case _:
                self._board.hear(event)

    def routes(self, bridge: Bridge, probe_at: tuple[str, int]) -> list[Route]:
        """The console's own routes. ``probe_at`` is where the probe's listener answers."""
        self._bridge = bridge
        self._vantage = Vantage(probe_at, self._reaches)
        return self._pages.routes()

    def close(self) -> None:
        """Let open pages' streams end; on the control API's loop."""
        self._pages.close()

    async def _snapshot(self) -> dict[str, Any]:
        assert self._bridge is not None
        assert self._vantage is not None
        seen = await self._bridge.ask(InjectionController.overview)
        board = self._board.snapshot(seen.now, self._last_end)
        failing = seen.alarm or (None if seen.canary.ok else seen.canary)
        return {
            **board,
            "title": self._title,
            "status": _status(seen, failing.detail if failing else None),
            "can": {
                "inject": True,
                "halt": None if seen.halted else "End all faults at once, and refuse new ones until Resume",
                "resume": seen.halted,
            },
            "faults": [_fault(held, seen.now) for held in seen.held],
            "fault_hint": "No fault is on. Put one on with the form, or with: chaoskit inject",
            "vantage": self._vantage.look(),
            "vantage_hint": "Nothing is probed from outside. Name what to probe: chaoskit serve --console --reach "
            "api.example.com=127.0.0.1:8443 asks for the name and dials the address, once a second.",
        }


def _client_of(event: QueryAnswered) -> str | None:
    """Clients of a server alone are told apart by their address."""
    return None if event.asker == PROBE else event.peer.rpartition(":")[0]


def _status(seen: Overview, failing: str | None) -> dict[str, str]:
    if failing is not None:
        return {"words": f"canary failed: {failing}", "tone": "bad"}
    if seen.halted:
        return {"words": "halted: every answer is honest", "tone": "bad"}
    count = len(seen.held)
    words = {0: "all answers honest", 1: "1 fault on"}.get(count, f"{count} faults on")
    return {"words": words, "tone": "bad" if count else "ok"}


def _fault(held: ActiveInjection, now: int) -> dict[str, Any]:
    lease = held.lease
    more = [f"{held.met:,} {'query' if held.met == 1 else 'queries'} met"]
    more += [f"chance {held.chance:g}"] if held.chance < 1 else []
    more += [f"within its lease: {type(held.way).__name__.removesuffix('Spec').lower()}"] if held.way else []
    if lease.heartbeat_ns:
        more.append(f"ends {format_duration(lease.heartbeat_ns)} after its controller's last heartbeat")
    more.append(f"can last {format_duration(max(0, lease.latest - now))} more at most")
    return {
        "key": f"{held.id} {lease.begun}",
        "id": held.id,
        "fault": _fault_words(held.written),
        "where": held.where.describe(),
        "state": "on",
        "left_s": round(max(0, lease.ends - now) / SECOND, 1),
        "more": ", ".join(more),
        "can_change": True,
    }


def _fault_words(written: dict[str, Any]) -> str:
    ((kind, parameters),) = written.items()
    return " ".join([str(kind), *(f"{key}={_plain(value)}" for key, value in parameters.items())])


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
