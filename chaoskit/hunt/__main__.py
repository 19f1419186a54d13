"""``python -m chaoskit.hunt``: the arena, the process in the sandbox that serves the zone and holds the calls.

Its plan has those of the DNS plane and of the mock AWS (ARCHITECTURE.md, "The process contract"): ``{"dns": …, "service": … or null}``.
Commands are ``{"do": "begin"}``, ``{"do": "release", "call": number, …}`` as ``gate.Order`` has it, and ``{"do": "stop"}``. Its lines are
``{"ready": …}``, ``{"began": the records by name}``, ``{"call": …}`` and ``{"answered": …}`` as ``gate.Gate`` has them, and
``{"failed": text}``.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaoskit.child import Child, Command
from chaoskit.clock import WallClock
from chaoskit.dns.followed_zones import FollowedZones, HostedChange
from chaoskit.dns.plan import plan_from_json
from chaoskit.errors import ChaoskitError
from chaoskit.hunt.gate import Gate
from chaoskit.hunt.gated_dns import GatedDns
from chaoskit.hunt.gated_route53 import GatedRoute53
from chaoskit.journal.events import HostedZoneChanged, ZoneChanged

HTTPS = 443


class Arena:
    """Name server and front behind one gate. Made inside a running loop."""

    def __init__(self, child: Child, plan: Mapping[str, Any]) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = WallClock()
        self._plan = plan_from_json(plan["dns"])
        self._service: Mapping[str, Any] | None = plan.get("service")
        self.gate = Gate(child.relay)
        hunted = [*self._plan.updates.zones, *self._plan.followed]
        self.dns = GatedDns(self._plan.responder, self._clock, self.gate, hunted, self._plan.updates)
        self._hunted = hunted
        self._route53: GatedRoute53 | None = None
        self._served: list[ZoneChanged] = []

    async def open(self) -> None:
        """Listen. Raises ``PlaneError``."""
        for listener in self._plan.listeners:
            await self.dns.listen(listener)
        if self._service is not None:
            self._route53 = await asyncio.to_thread(self._start_front, self._service)
        await self.begin()

    async def begin(self) -> None:
        """A new run: the zones as they were at first, and no call held. Tells what is served."""
        self.gate.drop_all()
        self.dns.begin()
        self._follow_anew()
        if self._route53 is not None:
            for change in self._route53.begin():
                self._apply(change)
            self.dns.versions = [self.dns.responder.zones]
        zones = [self.dns.responder.zones.zones[apex] for apex in self._hunted]
        served = {
            name: [f"{record.rtype} {record.data}" for records in node.values() for record in records]
            for zone in zones
            for name, node in zone.nodes.items()
        }
        self.gate.say({"began": served})

    def _follow_anew(self) -> None:
        zones = [self._plan.responder.zones.zones[apex] for apex in self._plan.followed]
        self._followed = FollowedZones(zones, self._clock, self.dns.swap, self._served.append)

    def _apply(self, change: HostedZoneChanged) -> ZoneChanged:
        if change.zone in self._plan.followed:
            self._followed.apply(HostedChange(change.zone, change.change, change.effective_at, change.names))
            return self._served[-1]
        at = self._clock.now()
        return ZoneChanged(at=at, zone=change.zone, serial=0, source="route53", author=change.change, changes=())

    def _follow(self, change: HostedZoneChanged) -> ZoneChanged:
        """From a thread of the front: have the loop serve a change, and wait until it does."""

        async def apply() -> ZoneChanged:
            return self._apply(change)

        return asyncio.run_coroutine_threadsafe(apply(), self._loop).result()

    def _start_front(self, plan: Mapping[str, Any]) -> GatedRoute53:
        from chaoskit.aws.certificates import Authority
        from chaoskit.aws.evidence import Evidence
        from chaoskit.aws.front import Front
        from chaoskit.aws.route53.spec import behaviour_from_json, first_changes
        from chaoskit.aws.service import MockServices

        authority = Authority()
        authority.publish(Path(plan["certificates"]))
        services = MockServices()
        written = plan["services"]["route53"]
        services.seed({"route53": written}, plan["regions"])
        behaviour = behaviour_from_json({"throttled": False, **(written.get("control_plane") or {})})
        route53 = GatedRoute53(services.application, behaviour, self.gate, self._follow)
        zones = written.get("hosted_zones") or {}
        route53.fill({name: first_changes(records) for name, records in zones.items()})
        Front(
            Evidence(route53, lambda _: None, plan["hosts"]),
            authority.server_context(plan["names"], plan["hosts"]),
            lambda message: self.gate.say({"failed": message}),
            host="0.0.0.0",
            port=HTTPS,
            hosts=plan["hosts"],
        )
        return route53


async def serve(child: Child, plan: Mapping[str, Any]) -> None:
    """Serve until told to stop."""
    loop = asyncio.get_running_loop()
    arena = Arena(child, plan)
    stopped = asyncio.Event()
    loop.set_exception_handler(lambda _, context: arena.gate.say({"failed": str(context.get("exception") or context)}))

    def obey(command: Command) -> None:
        match command["do"]:
            case "begin":
                asyncio.run_coroutine_threadsafe(arena.begin(), loop)
            case "release":
                arena.gate.obey(command)
            case _:
                loop.call_soon_threadsafe(stopped.set)

    await arena.open()
    child.on_command(obey)
    arena.gate.say({"ready": True})
    stopping = asyncio.ensure_future(stopped.wait())
    await asyncio.wait((stopping, arena.dns.failed), return_when=asyncio.FIRST_COMPLETED)
    if arena.dns.failed.done():
        arena.dns.failed.result()


def main() -> None:
    """Serve until told to stop; what goes wrong ends the process with 4, and stands on standard error."""
    child = Child()
    try:
        asyncio.run(serve(child, child.plan()))
    except Exception as error:  # noqa: BLE001 - told on standard error
        if not isinstance(error, ChaoskitError):
            traceback.print_exc(file=sys.stderr)
        sys.stderr.write(f"the arena failed: {error}\n")
        child.leave(ChaoskitError.exit_code)
    child.leave(0)


if __name__ == "__main__":
    main()
