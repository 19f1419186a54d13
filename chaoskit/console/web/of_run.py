"""The console of a run: its planned faults, its clients, and one thing to do: end it before its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chaoskit.clock import Instant
from chaoskit.console.web.board import Board
from chaoskit.console.web.pages import ConsolePages, page_access
from chaoskit.journal import events as ev
from chaoskit.journal.events import Entry, InjectionPlanned, QueryAnswered
from chaoskit.units import SECOND

SERVED_LATELY_NS = 5 * SECOND
SILENT_NS = 15 * SECOND
"""A run looks at its canary each second: one that says nothing for so long is not known to live."""


class RunConsole:
    """A listener of a journal and the page of it. ``abort`` ends the run in good order, ``go`` releases it where it is held;
    None where that cannot be done from here.

    Hidden injections are withheld, and so is what clients get for names: it would tell.
    """

    def __init__(
        self, now: Callable[[], Instant], abort: Callable[[], None] | None = None, go: Callable[[], None] | None = None
    ) -> None:
        self.access = page_access()
        self.pages = ConsolePages(self._snapshot, self.access)
        self._now = now
        self._abort = abort
        self._go = go
        self._held: ev.HoldBegun | None = None
        self._board = Board(self._client_of)
        self._title = "a run"
        self._planned: dict[str, InjectionPlanned] = {}
        self._cuts: dict[str, Instant] = {}
        self._met: dict[str, int] = {}
        self._hidden = False
        self._told_until: Instant = 0
        self._armed: ev.TimelineArmed | None = None
        self._ended: str | None = None
        self._canary: str | None = None
        self._served: dict[str, Instant] = {}
        self._services: dict[int, str] = {}

    def __call__(self, entry: Entry) -> None:
        """Take in one entry, on whatever thread."""
        event = entry.event
        self._tell_edges(event.at)
        match event:
            case ev.RunStarted():
                self._title = event.title or event.run_id
            case ev.InjectionPlanned():
                self._planned[event.injection] = event
                if event.hidden:
                    self._hidden = True
                    self._board.withhold_names()
            case ev.InjectionCut():
                self._cuts[event.injection] = event.ends
            case ev.TimelineArmed():
                self._armed = event
            case ev.HoldBegun() | ev.HoldReleased():
                self._hold(event)
            case ev.CanaryChecked():
                self._canary = None if event.ok else event.detail
            case ev.RunEnded():
                self._ended = event.reason
            case ev.RequestArrived():
                self._services[event.request] = event.service
            case ev.RequestAnswered():
                self._served[self._services.pop(event.request, "a service")] = event.at
        for injection in getattr(event, "faults", ()):
            self._met[injection] = self._met.get(injection, 0) + 1
        self._board.hear(event)

    def _hold(self, event: ev.HoldBegun | ev.HoldReleased) -> None:
        if isinstance(event, ev.HoldBegun):
            self._held = event
            self._board.say(event.at, f"held before {event.before}, until somebody says go")
        else:
            self._held = None
            self._board.say(event.at, f"go, said by {event.by}", "ok")

    def _tell_edges(self, at: Instant) -> None:
        """Say which faults began and ended until ``at``."""
        for plan in self._planned.values():
            for start, end in () if plan.hidden else plan.spans:
                ends = min(end, self._cuts.get(plan.injection, end))
                for edge, words, tone in ((start, "begins", "bad"), (ends, "is over", "ok")):
                    if self._told_until < edge <= at:
                        self._board.say(edge, f"{plan.injection} {words}: {plan.fault} on {plan.where}", tone)
        self._told_until = max(self._told_until, at)

    def routes(self) -> list[Route]:
        """The page's routes, the halt, and the go."""
        acts = [Route("/halt", self._halt, methods=["POST"]), Route("/go", self._say_go, methods=["POST"])]
        return [*self.pages.routes(), *acts]

    def _client_of(self, event: QueryAnswered) -> str | None:
        return None if event.asker == "canary" else event.asker

    async def _halt(self, request: Request) -> Response:
        if self._abort is None or self._ended is not None:
            return JSONResponse(
                {"error": "this run cannot be ended from here: it is over, or another process plays it"}, 409
            )
        self._abort()
        return JSONResponse({"halted": True})

    async def _say_go(self, request: Request) -> Response:
        held = self._held  # the run goes on, on another thread, before this one answers
        if self._go is None or held is None or self._ended is not None:
            return JSONResponse({"error": "this run is not held now, or another process plays it"}, 409)
        self._go()
        return JSONResponse({"go": held.number})

    async def _snapshot(self) -> dict[str, Any]:
        now = self._present()
        board = self._board.snapshot(now, self._open_spans())
        stoppable = self._abort is not None and self._ended is None
        hint = "No fault is planned in this run."
        if self._hidden:
            hint = "This is a drill: its faults and what names answer are withheld."
        return {
            **board,
            "title": self._title,
            "status": self._status(now),
            "can": {
                "inject": False,
                "halt": "End the run before its time, faults and all; it keeps its journal and is invalid"
                if stoppable
                else None,
                "go": f"Let the run go on: next is {self._held.before}"
                if stoppable and self._go is not None and self._held is not None
                else None,
                "resume": False,
            },
            "faults": self._faults(now),
            "fault_hint": hint,
            "vantage": [] if self._hidden else self._vantage(now, board["names"]),
            "vantage_hint": "No service has answered a request yet, so nothing is known from that side.",
        }

    def _present(self) -> Instant:
        """Now, while the journal grows; of a run that is over, or of which nothing is heard, the last instant that is known."""
        now = self._now()
        return now if self._ended is None and 0 <= now - self._board.latest <= SILENT_NS else self._board.latest

    def _open_spans(self) -> list[tuple[Instant, Instant]]:
        return [
            (start, min(end, self._cuts.get(plan.injection, end)))
            for plan in self._planned.values()
            if not plan.hidden
            for start, end in plan.spans
        ]

    def _status(self, now: Instant) -> dict[str, str]:
        if self._ended is not None:
            return {"words": f"over: {self._ended}", "tone": "ok" if self._ended == "finished" else "bad"}
        if not 0 <= self._now() - self._board.latest <= SILENT_NS:
            seconds = SILENT_NS // SECOND
            return {"words": f"unknown: the journal has told nothing for more than {seconds} s", "tone": "bad"}
        if self._canary is not None:
            return {"words": f"canary fails: {self._canary}", "tone": "bad"}
        if self._armed is None or now < self._armed.origin:
            return {"words": "starting", "tone": ""}
        if self._held is not None:
            return {"words": f"held before {self._held.before}, until somebody says go", "tone": ""}
        faulty = any(start <= now < end for start, end in self._open_spans())
        return {"words": "a fault is on" if faulty else "running", "tone": "bad" if faulty else "ok"}

    def _faults(self, now: Instant) -> list[dict[str, Any]]:
        rows = []
        for plan in self._planned.values():
            spans = [(start, min(end, self._cuts.get(plan.injection, end))) for start, end in plan.spans]
            if plan.hidden or not spans:
                continue
            current = next((span for span in spans if now < span[1]), spans[-1])
            state = "over" if now >= current[1] or self._ended is not None else "on" if now >= current[0] else "planned"
            left = current[1] if state == "on" else current[0]
            met = self._met.get(plan.injection)
            evidence = "not known to have met anything yet" if met is None else f"met {met:,} queries or requests"
            rows.append(
                {
                    "key": plan.injection,
                    "id": plan.injection,
                    "fault": plan.fault,
                    "where": plan.where,
                    "state": state,
                    "left_s": round(max(0, left - now) / SECOND, 1),
                    "more": f"{plan.plane} plane, {evidence}",
                    "can_change": False,
                }
            )
        return rows

    def _vantage(self, now: Instant, names: dict[str, Any]) -> list[dict[str, Any]]:
        """The two sides of each service as the run itself shows them: what lookups got, and whether requests are answered."""
        answers = [
            cell for row in names["rows"] for cell in row["cells"] if cell["age_s"] is not None and cell["age_s"] <= 5
        ]
        good = sum(cell["tone"] == "ok" for cell in answers)
        resolver = {"tone": "unknown", "words": "unknown: no lookup in the last 5 s"}
        if answers:
            tone = "ok" if good == len(answers) else "bad"
            resolver = {"tone": tone, "words": f"{good} of {len(answers)} latest lookups got an address"}
        probes = []
        for service, at in self._served.items():
            lately = now - at < SERVED_LATELY_NS
            words = f"{service} answered a request {max(0, now - at) / SECOND:.1f} s ago"
            address = {"tone": "ok" if lately else "unknown", "words": words}
            conclusion = "Not known now."
            if lately and answers:
                conclusion = (
                    "Both ways lead there."
                    if resolver["tone"] == "ok"
                    else "The folks are there; the phone book went blank for some who asked."
                )
            probes.append(
                {
                    "what": f"{service}, as the run itself shows it",
                    "tone": resolver["tone"] if lately else "unknown",
                    "resolver": resolver,
                    "address": address,
                    "conclusion": conclusion,
                }
            )
        return probes
