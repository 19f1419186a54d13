"""``python -m chaoskit.race.live``: a participant of the race as a process of a run. The contract is in ``chaoskit.child``."""

from __future__ import annotations

import asyncio
import itertools
import os
import platform
import random
import socket
import threading
from importlib.metadata import version
from typing import Any

from chaoskit.aws.route53.client import Endpoint
from chaoskit.aws.route53.record_set import canonical
from chaoskit.aws.route53.self_test import require_compare_and_swap
from chaoskit.child import Child, Command
from chaoskit.clients.boto3 import Boto3
from chaoskit.clients.boto3.__main__ import make_client
from chaoskit.clients.process import play
from chaoskit.clock import Instant, WallClock
from chaoskit.errors import PlaneError
from chaoskit.journal.events import ClientReady, CompareAndSwapTested, LevelMeasured, RaceStep
from chaoskit.race.calls import Batch, PointAlias, PointRollback
from chaoskit.race.enactor import Enactor
from chaoskit.race.live.layout import Layout
from chaoskit.race.live.orders import Orders
from chaoskit.race.live.participant import Participant, Schedule
from chaoskit.race.live.performer import Performer
from chaoskit.race.live.recorder import WORDS, Recorder
from chaoskit.race.live.repair import repair
from chaoskit.race.live.set_up import install_first_plan, layout_at
from chaoskit.race.live.spec import RaceSpec
from chaoskit.race.live.zone_api import Boto3Zone, find_zone
from chaoskit.race.planner import Planner
from chaoskit.seeds import generator
from chaoskit.units import MILLISECOND, format_duration

ROUTE53 = "route53.amazonaws.com"
LOOK_EVERY_S = 0.1
"""How often Route 53 is looked for while the run's processes start."""

LOOK_FOR_ORDERS_NS = 100 * MILLISECOND
"""How long an enactor that waits for its next pass sleeps before it looks whether an operator ordered something."""


class Race:
    """A participant. The planner tests the API and sets the race up before it is ready; the operator acts when it is told."""

    def __init__(self, child: Child, plan: dict[str, Any]) -> None:
        self._child, self._clock = child, WallClock()
        self._name: str = plan["client"]
        self._every: int = plan["every_ns"]
        self._seed: int = plan["seed"]
        self._spec = RaceSpec.model_construct(
            **plan["race"]
        )  # checked when the file was read; its times are nanoseconds
        _stay_in_zone(self._spec.zone)
        sdk_plan = Boto3(client=self._name, service="route53", region=plan["region"], max_attempts=1)
        self._sdk = make_client(sdk_plan)
        self._acting = threading.Lock()
        self._pause = threading.Event()  # never set
        self._orders = Orders()
        if self._spec.role == "planner":
            self._set_up()

    def _set_up(self) -> None:
        """Wait for Route 53, refuse one on which compare-and-swap does not hold, and install plan 1."""
        while True:
            try:
                endpoint = self._endpoint()
                endpoint.find_zone(canonical(self._spec.hosted_zone))
                break
            except (OSError, PlaneError):
                self._pause.wait(LOOK_EVERY_S)  # the runner ends this: limits.ready_within
        outcome = require_compare_and_swap(endpoint.url, os.environ["AWS_CA_BUNDLE"])
        self._child.emit(
            CompareAndSwapTested(
                at=self._clock.now(), client=self._name, held=outcome.holds, because=outcome.describe()
            )
        )
        install_first_plan(endpoint, self._layout_at(endpoint))

    def ready(self) -> ClientReady:
        """What takes part."""
        spec = self._spec
        settings = {
            "role": spec.role,
            "service": "route53",
            "hosted_zone": spec.hosted_zone,
            "endpoints": str(spec.endpoints),
            "zone": str(spec.zone),
            "every": format_duration(self._every),
            "pace": format_duration(spec.pace),
            "protections": ", ".join(spec.protections) or "none",
        }
        return ClientReady(
            at=self._clock.now(),
            client=self._name,
            use="race",
            pid=os.getpid(),
            versions={"boto3": version("boto3"), "python": platform.python_version()},
            settings=settings,
        )

    async def run(self, origin: Instant, ends: Instant) -> None:
        """Take part until the experiment's calls end."""
        if self._spec.role != "operator":
            zone_id = await asyncio.to_thread(find_zone, self._sdk, canonical(self._spec.hosted_zone))
            if zone_id is None:
                raise PlaneError(f"there is no hosted zone {self._spec.hosted_zone}; add it to services.route53")
            await self._race(self._layout(zone_id), origin, ends)
        await self._clock.sleep_until(ends)
        with self._acting:
            return

    async def _race(self, layout: Layout, origin: Instant, ends: Instant) -> None:
        """Step after step, each at its time, counted from ``origin`` or from the last order to start over."""
        participant, paused = self._participant(), False
        numbers = itertools.count(1)
        performer = Performer(
            Boto3Zone(self._sdk, layout.zone_id),
            layout,
            lambda: f"{self._name}/{os.getpid()}/{next(numbers)}",
            self._pause.wait,
            by_address=self._spec.rules.by_address,
        )
        recorder = Recorder(self._name, layout)
        while (now := self._clock.now()) < ends and (paused or origin + participant.due < ends):
            if self._orders.obey():
                origin, participant = now, self._participant()
            if self._orders.paused != paused:
                paused = self._orders.paused
                self._child.emit(LevelMeasured(at=now, client=self._name, name="writing", value=float(not paused)))
            soon = now + LOOK_FOR_ORDERS_NS
            if paused or origin + participant.due > soon:
                await self._clock.sleep_until(min(soon, ends))
                continue
            due_at = origin + participant.due
            await self._clock.sleep_until(due_at)
            asked_at = self._clock.now()
            call = participant.send(asked_at - origin)
            answer, change = await asyncio.to_thread(performer.perform, call)
            at = self._clock.now()
            participant.take(answer, at - origin)
            self._child.emit(recorder.record(call, answer, change, asked_at, at, due_at))

    def _participant(self) -> Participant:
        rng: random.Random = generator(self._seed, "race", self._name)
        schedule = Schedule(self._every, self._spec.first, self._spec.pace)
        if self._spec.role == "planner":
            return Participant(Planner(), schedule, rng)
        return Participant(Enactor(self._spec.rules, self._spec.endpoints), schedule, rng)

    def obey(self, command: Command) -> None:
        """``{"do": "operate"}``: the operator repairs what is empty, others take the ``order``. On the thread that reads commands."""
        if command["do"] != "operate":
            return
        if self._spec.role != "operator":
            self._orders.give(command.get("order", ""))
            return
        with self._acting:
            asked_at = self._clock.now()
            endpoint = self._endpoint()
            for number, outcome in enumerate(repair(endpoint, self._layout_at(endpoint)), 1):
                batch = Batch(outcome.endpoint, None, (PointAlias(outcome.to), PointRollback(outcome.to)))
                self._child.emit(
                    RaceStep(
                        at=self._clock.now(),
                        asked_at=asked_at,
                        client=self._name,
                        step=number,
                        call=f"repair: {WORDS.call(batch)}",
                        endpoint=outcome.name,
                        answer=f"applied; the tree of plan {outcome.plan} was missing",
                        change=outcome.change,
                    )
                )

    def _endpoint(self) -> Endpoint:
        return Endpoint(f"https://{ROUTE53}", os.environ["AWS_CA_BUNDLE"])

    def _layout_at(self, endpoint: Endpoint) -> Layout:
        return layout_at(endpoint, self._spec.hosted_zone, self._spec.endpoints, self._spec.addresses)

    def _layout(self, zone_id: str) -> Layout:
        return Layout(canonical(self._spec.hosted_zone), zone_id, self._spec.endpoints, self._spec.addresses)


def _stay_in_zone(zone: int) -> None:
    """Have this process use those addresses of Route 53 that are in its availability zone (127.n.ZONE.k); the lookup stays the real one.

    In the inline sandbox each address stands for a proxy's port, in the order of the zones.
    """
    lookup = socket.getaddrinfo

    def in_zone(host: Any, *args: Any, **kwargs: Any) -> list[Any]:
        results = lookup(host, *args, **kwargs)
        if host != ROUTE53:
            return results
        near = [entry for entry in results if str(entry[4][0]).split(".")[2:3] == [str(zone)]]
        if not near:
            ports = list(dict.fromkeys(entry[4] for entry in results))
            near = [entry for entry in results if entry[4] in ports[zone - 1 : zone]]
        if not near:
            raise PlaneError(f"{ROUTE53} has no address in zone {zone}; give it zones: availability_zones: {zone}")
        return near

    socket.getaddrinfo = in_zone


def main() -> None:
    """Read the plan, become ready, and take part until told otherwise."""
    play(Race)


if __name__ == "__main__":
    main()
