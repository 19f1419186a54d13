"""A drill in virtual time: the real desk, steering and watch; a DNS server that obeys at once; customers who call on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chaoskit.clock import VirtualClock
from chaoskit.drill.desk import Desk
from chaoskit.drill.judge import DrillScore, score_of, view_of
from chaoskit.drill.scenario import Scenario, find_scenario, load_scenario
from chaoskit.engine.ports import NoopSandbox
from chaoskit.engine.runner import planned_event
from chaoskit.engine.session import Stage
from chaoskit.journal.events import (
    CallFinished,
    CallStarted,
    ClientReady,
    Entry,
    InjectionApplied,
    InjectionLifted,
    RunStarted,
    TimelineArmed,
)
from chaoskit.journal.store import Journal
from chaoskit.units import MILLISECOND, SECOND
from tests.drill.worlds import world_of

Request = dict[str, Any]
Script = Sequence[tuple[float, Request]]
"""Requests, each with its second of the drill."""


def scenario(name: str = "stale-writer") -> Scenario:
    return load_scenario(find_scenario(name))


class Play:
    """One drill; ``entries`` is its journal."""

    def __init__(self, played: Scenario, *, broken_before: bool = False) -> None:
        self.scenario = played
        self.clock = VirtualClock(100 * SECOND)
        self.journal = Journal()
        self.broken_before = broken_before
        self.restarted: list[str] = []
        self.pages: list[str] = []
        self.answers: list[dict[str, Any]] = []
        self.on: dict[str, tuple[list[tuple[int, int]], frozenset[str]]] = {}
        experiment = played.experiment
        self.origin = 101 * SECOND
        self.ends = self.origin + experiment.duration_ns
        self.world = world_of(played.name, self.origin)
        self.customers = played.drill.customers or tuple(experiment.spec.clients)
        self._tell(
            RunStarted(
                at=self.clock.now(), run_id="r", title=experiment.spec.title, seed=experiment.spec.seed, source="s",
                experiment=experiment.plain, epoch_ns=0, versions={}, replay="",
            )
        )  # fmt: skip
        stage = Stage(NoopSandbox(), Path(), self.journal, self.clock, lambda *_: None, self.send, self.restart)
        self.desk = Desk(played, stage, "program", self.pages.append)
        for label in experiment.spec.clients:
            ready = ClientReady(at=self.clock.now(), client=label, use="http", pid=0, versions={}, settings={})
            self._tell(ready)
        for injection in experiment.planes["dns"]:
            spans = tuple((self.origin + a, self.origin + b) for a, b in injection.when.spans(experiment.duration_ns))
            self._tell(planned_event(self.clock.now(), "dns", injection, spans))
            self.on[injection.id] = (list(spans), self._bitten(injection.where.clients))
        self._tell(TimelineArmed(at=self.clock.now(), origin=self.origin, ends=self.ends))

    @property
    def entries(self) -> Sequence[Entry]:
        events = [entry.event for entry in self.journal.entries]
        events += [event for label in self.customers for event in self._calls(label)]
        events += [event for event in self.world.events(self.clock.now()) if event.at < self.clock.now()]
        ordered = sorted(events, key=lambda event: event.at)
        return [Entry(seq, event) for seq, event in enumerate(ordered, 1)]

    @property
    def score(self) -> DrillScore:
        return score_of(view_of(self.entries))

    def _bitten(self, clients: tuple[str, ...]) -> frozenset[str]:
        """The first customer is the one whose name the fault is at, unless the fault names its clients."""
        return frozenset(clients or self.customers[:1])

    def _tell(self, event: Any) -> None:
        self.journal.append(event)

    async def restart(self, label: str) -> None:
        self.restarted.append(label)

    def send(self, plane: str, command: dict[str, Any]) -> None:
        if command["do"] == "operate":
            self.world.orders.append((self.clock.now(), plane, command["order"]))
            return
        at, asked = self.clock.now(), command["injection"]
        if command["do"] == "lift":
            spans, who = self.on[asked]
            self.on[asked] = ([(start, min(at, end)) for start, end in spans if start < at], who)
            self._tell(InjectionLifted(at=at, injection=asked, due=at))
            return
        window = asked["when"]["once"]
        start = self.origin + window["start"]
        bitten = self._bitten(tuple(asked["where"].get("clients") or ()))
        self.on[asked["id"]] = ([(start, start + window["length"])], bitten)
        self._tell(InjectionApplied(at=at, injection=asked["id"], due=at))

    def run(self, script: Script, leaves: float, *, watches: bool = True) -> Play:
        """Play ``script``, and let the trainee leave at the second ``leaves``; the drill then watches, unless it was aborted."""
        asyncio.run(self._run(script, leaves, watches))
        return self

    async def _run(self, script: Script, leaves: float, watches: bool) -> None:
        for second, request in script:
            await self.clock.sleep_until(self.origin + round(second * SECOND))
            self.answers.append(await self.desk.obey({"do": "operator", **request}))
        await self.clock.sleep_until(self.origin + round(leaves * SECOND))
        if watches:
            await self.desk.watch(time_up=False)

    def _calls(self, label: str) -> Iterator[Any]:
        """The calls of one customer, five a second; each takes 10 ms, and fails if a fault is on that bites this customer."""
        failing = self.world.failing(self.clock.now())
        for number, due in enumerate(range(self.origin, self.clock.now(), 200 * MILLISECOND), 1):
            bitten = any(start <= due < end and label in who for spans, who in self.on.values() for start, end in spans)
            bitten = bitten or (self.broken_before and number < 10)
            bitten = bitten or any(start <= due < end for start, end in failing if label == self.customers[0])
            result: Any = "failed" if bitten else "ok"
            yield CallStarted(at=due, client=label, call=number, operation="GET", due=due)
            yield CallFinished(at=due + 10 * MILLISECOND, client=label, call=number, result=result)


def act(action: str, subject: str = "") -> Request:
    return {"what": "act", "action": action, "subject": subject}


def status(text: str, next_s: float | None = None, *, resolved: bool = False) -> Request:
    next_ns = None if next_s is None else round(next_s * SECOND)
    return {"what": "status", "text": text, "next_ns": next_ns, "resolved": resolved}


def diagnose(name: str, mechanism: str, scope: str, ago_s: float) -> Request:
    picked = {"name": name, "mechanism": mechanism, "scope": scope}
    return {"what": "diagnose", **picked, "ago_ns": round(ago_s * SECOND)}


NAME = "orders.shop.example"
PAUSE, RESTORE = act("pause", "automation"), act("restore", NAME)
WELL: Script = (
    (6, status("Orders fail for everybody; we are looking into it.", 10)),
    (8, diagnose(NAME, "record empty", "everybody", 4)),
    (9, PAUSE),
    (10, RESTORE),
    (12, status("Orders work again.", resolved=True)),
    (13, {"what": "done"}),
)
