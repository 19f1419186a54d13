"""The console of a DNS server with a control API: its injections, its queries, and the operator's means to act.

``ServerConsole`` lives in the process of ``chaoskit serve``; ``RemoteConsole`` is one of its own, beside a server that has no page.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chaoskit.clock import WallClock
from chaoskit.console.web.board import Board
from chaoskit.console.web.pages import ConsolePages, page_access
from chaoskit.console.web.vantage import Reach, Vantage
from chaoskit.dns.breakage import QueryFailed
from chaoskit.dns.control.api import Bridge, listing
from chaoskit.dns.control.controller import InjectionController
from chaoskit.dns.control.event_stream import InjectionBegun, InjectionEnded, ZonesSwapped
from chaoskit.dns.target import DnsTarget
from chaoskit.errors import ChaoskitError
from chaoskit.journal.events import QueryAnswered
from chaoskit.timeline.window_spec import WINDOW_SHAPES
from chaoskit.units import SECOND, format_duration

PROBE = "console"
"""Label of the listener that the console's own probe asks, so that its questions are nobody else's."""

SPANS_MOST = 64
"""Times of faults that are over and still shaded in the charts."""

Ask: TypeAlias = Callable[[str, str, Any], dict[str, Any]]
"""Ask a control API: method, path and body. Raises ``ChaoskitError`` for what it refuses."""


class ServerBoard:
    """A board that understands a control API's events and listings too."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._board = Board(_client_of)
        self._board.begun = WallClock().now()
        self._spans: deque[tuple[int, int]] = deque(maxlen=SPANS_MOST)
        self._begun: dict[str, int] = {}

    def hear(self, event: Any) -> None:
        """Take in an event of the feed, on whatever thread."""
        match event:
            case InjectionBegun():
                fault = _fault_words(event.fault)
                self._begun[event.injection] = event.at
                self._board.say(event.at, f"{event.injection} begins: {fault} on {event.where}", "bad")
            case InjectionEnded():
                self._spans.append((self._begun.pop(event.injection, event.at), event.at))
                words = "query" if event.met == 1 else "queries"
                self._board.say(event.at, f"{event.injection} is over: {event.why}; it met {event.met} {words}", "ok")
            case ZonesSwapped():
                self._board.say(event.at, f"version {event.version} of the zones is served")
            case QueryFailed():
                self._board.say(event.at, f"a query for {event.name} failed by our fault: {event.message}", "bad")
            case _:
                self._board.hear(event)

    def state(self, injections: dict[str, Any], vantage: list[dict[str, Any]]) -> dict[str, Any]:
        """What the page draws. ``injections`` is the API's answer to ``GET /injections``."""
        halted = injections["status"] != "ok"
        under_way = [(injection["begun_ns"], injection["ends_ns"]) for injection in injections["injections"]]
        return {
            **self._board.snapshot(injections["now_ns"], [*self._spans, *under_way]),
            "title": self._title,
            "status": _status(injections),
            "can": {
                "inject": True,
                "halt": None if halted else "End all faults at once, and refuse new ones until Resume",
                "resume": halted,
            },
            "faults": [_fault(injection) for injection in injections["injections"]],
            "fault_hint": "No fault is on. Put one on with the form, or with: chaoskit inject",
            "vantage": vantage,
            "vantage_hint": "Nothing is probed from outside. Name what to probe: chaoskit serve --console --reach "
            "api.example.com=127.0.0.1:8443 asks for the name and dials the address, once a second.",
        }


class ServerConsole:
    """What ``dns.control.standalone`` needs of a console: it hears every event, and adds routes to the control API."""

    def __init__(self, title: str, reaches: Sequence[Reach] = ()) -> None:
        self.access = page_access()
        self.probe_label = PROBE
        self._reaches = tuple(reaches)
        self._board = ServerBoard(title)
        self.hear = self._board.hear
        self._pages: ConsolePages | None = None

    def routes(self, bridge: Bridge, probe_at: tuple[str, int]) -> list[Route]:
        """The console's own routes. ``probe_at`` is where the probe's listener answers."""
        vantage = Vantage(probe_at, self._reaches)

        async def snapshot() -> dict[str, Any]:
            return self._board.state(listing(await bridge.ask(InjectionController.overview)), vantage.look())

        self._pages = ConsolePages(snapshot, self.access)
        return self._pages.routes()

    def close(self) -> None:
        """Let open pages' streams end; on the control API's loop."""
        if self._pages:
            self._pages.close()


class RemoteConsole:
    """The console beside a server without one: it asks the server's control API, and passes on what the page asks of it."""

    def __init__(self, title: str, ask: Ask) -> None:
        self.access = page_access()
        self._ask = ask
        self._board = ServerBoard(title)
        self.hear = self._board.hear
        self.pages = ConsolePages(self._snapshot, self.access)

    def routes(self) -> list[Route]:
        """The page's routes, and those that pass requests on."""
        passed = [
            ("/injections", ["POST"]), ("/injections/{id}", ["PATCH", "DELETE"]), ("/halt", ["POST"]), ("/resume", ["POST"])
        ]  # fmt: skip
        return [*self.pages.routes(), *(Route(path, self._pass_on, methods=methods) for path, methods in passed)]

    async def _snapshot(self) -> dict[str, Any]:
        return self._board.state(await asyncio.to_thread(self._ask, "GET", "/injections", None), [])

    async def _pass_on(self, request: Request) -> Response:
        text = await request.body()
        try:
            body = json.loads(text) if text else None
            answer = await asyncio.to_thread(self._ask, request.method, request.url.path, body)
        except (ChaoskitError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 422)
        return JSONResponse(answer)


def _client_of(event: QueryAnswered) -> str | None:
    """Clients of a server alone are told apart by their address."""
    return None if event.asker == PROBE else event.peer.rpartition(":")[0]


def _status(injections: dict[str, Any]) -> dict[str, str]:
    if injections["status"] == "canary failed":
        return {"words": "canary failed: every injection was withdrawn", "tone": "bad"}
    if injections["status"] == "halted":
        return {"words": "halted: every answer is honest", "tone": "bad"}
    count = len(injections["injections"])
    words = {0: "all answers honest", 1: "1 fault on"}.get(count, f"{count} faults on")
    return {"words": words, "tone": "bad" if count else "ok"}


def _fault(injection: dict[str, Any]) -> dict[str, Any]:
    now = injection["now_ns"]
    more = [f"{injection['met']:,} {'query' if injection['met'] == 1 else 'queries'} met"]
    more += [f"chance {injection['chance']:g}"] if injection["chance"] < 1 else []
    more += [f"in a {shape} within its lease" for shape in WINDOW_SHAPES.values() if shape in injection]
    if injection["heartbeat_ns"]:
        more.append(f"ends {format_duration(injection['heartbeat_ns'])} after its controller's last heartbeat")
    more.append(f"can last {format_duration(max(0, injection['latest_ns'] - now))} more at most")
    target: dict[str, Any] = {
        "except_" if key == "except" else key: tuple(value) if isinstance(value, list) else value
        for key, value in injection["where"].items()
    }
    return {
        "key": f"{injection['id']} {injection['begun_ns']}",
        "id": injection["id"],
        "fault": _fault_words(injection["fault"]),
        "where": DnsTarget(**target).describe(),
        "state": "on",
        "left_s": round(max(0, injection["ends_ns"] - now) / SECOND, 1),
        "more": ", ".join(more),
        "can_change": True,
    }


def _fault_words(written: dict[str, Any]) -> str:
    ((kind, parameters),) = written.items()
    return " ".join([str(kind), *(f"{key}={_plain(value)}" for key, value in parameters.items())])


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
