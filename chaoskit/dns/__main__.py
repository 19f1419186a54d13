"""The DNS plane's process: ``python -m chaoskit.dns``. Its plan, commands and events: ARCHITECTURE.md, "The process contract"."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaoskit import __version__
from chaoskit.child import Child, Command
from chaoskit.clock import Clock, WallClock
from chaoskit.dns.breakage import QueryFailed, Strikes
from chaoskit.dns.faults import FAULTS
from chaoskit.dns.followed_zones import FollowedZones, HostedChange
from chaoskit.dns.guard import Guard, read_networks
from chaoskit.dns.log import ThreadedLog
from chaoskit.dns.plan import Plan, plan_from_json
from chaoskit.dns.server import Server
from chaoskit.dns.spool import Log, QueryLog, Spool
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.updater import Updater
from chaoskit.dns.zone import Zone
from chaoskit.errors import ChaoskitError, HarnessError, PlaneError
from chaoskit.journal.events import HarnessFailed, InjectionApplied, InjectionLifted, PlaneReady
from chaoskit.timeline.codec import injection_from_json

IMPLEMENTATION = f"chaoskit {__version__}"
ALLOWED_PER_S = 100_000
"""Answers a second to each client beyond loopback: a network of the run's own has nobody to shower with answers."""


async def serve(child: Child, plain: dict[str, Any], log: Log | QueryLog, events: ThreadedLog) -> None:
    """Listen, say ready, answer until told to stop. Raises what went wrong."""
    clock = WallClock()
    loop = asyncio.get_running_loop()
    plan = plan_from_json(plain)
    guard = Guard(read_networks(plain["allow"]), ALLOWED_PER_S) if plain.get("allow") else None
    strikes = Strikes()

    def on_failure(failure: QueryFailed) -> None:
        # The run is invalid, which its supervisor decides; until it says so, everybody else gets their answers.
        message = f"{failure.asker} asked {failure.name or '.'} {failure.rtype}: {failure.message}"
        events.record(HarnessFailed(at=failure.at, part="dns", message=message))
        if strikes.out(failure):
            timeline = server.responder.timeline.without(failure.injection)
            server.responder = replace(server.responder, timeline=timeline)

    server = Server(plan.responder, clock, log, plain.get("udp", "batched"), guard=guard, on_failure=on_failure)
    loop.set_exception_handler(
        lambda _, context: server.fail(context.get("exception") or HarnessError(context["message"]))
    )
    stopped = asyncio.Event()
    changing = threading.Lock()
    followed = _let_zones_change(plan, server, clock, child, changing)
    hosted: asyncio.Queue[HostedChange] = asyncio.Queue()

    def obey(command: Command) -> None:
        # On the thread that reads the commands: a new responder is taken up by the next query, without a way round the loop.
        match command:
            case {"do": "arm", "origin": int(origin)}:
                with changing:
                    timeline = plan.responder.timeline.anchored(origin)
                    server.responder = replace(server.responder, timeline=timeline)
            case {"do": "event", "name": str(name), "at": int(at)}:
                with changing:
                    timeline = server.responder.timeline.with_event(name, at)
                    server.responder = replace(server.responder, timeline=timeline)
            case {"do": "inject" | "lift", "injection": asked}:
                with changing:
                    child.emit(_steer(server, clock, command["do"], asked))
            case {"do": "follow", **plain_change}:
                loop.call_soon_threadsafe(hosted.put_nowait, HostedChange.from_json(plain_change))
            case {"do": "stop"}:
                loop.call_soon_threadsafe(stopped.set)
            case _:
                loop.call_soon_threadsafe(server.fail, HarnessError(f"the DNS plane knows no command {command}"))

    addresses = {listener.label: await server.listen(listener) for listener in plan.listeners}
    child.on_command(obey)
    child.emit(
        PlaneReady(at=clock.now(), plane="dns", implementation=IMPLEMENTATION, addresses=addresses, pid=os.getpid())
    )
    child.prove_alive()
    stopping = asyncio.ensure_future(stopped.wait())
    following = asyncio.ensure_future(_follow(followed, hosted, clock, server))
    await asyncio.wait((stopping, server.failed), return_when=asyncio.FIRST_COMPLETED)
    await server.close()
    stopping.cancel()
    following.cancel()
    if server.failed.done():
        server.failed.result()


def _steer(server: Server, clock: Clock, do: str, asked: Any) -> InjectionApplied | InjectionLifted:
    """Put on, or take off, a fault that was asked for while the run goes on. Returns the event that says it is done."""
    timeline = server.responder.timeline
    if do == "lift":
        server.responder = replace(server.responder, timeline=timeline.without(asked))
        at = clock.now()
        return InjectionLifted(at=at, injection=asked, due=at)
    injection = injection_from_json(asked, DnsTarget, FAULTS)
    server.responder = replace(server.responder, timeline=timeline.with_injection(injection))
    at = clock.now()
    return InjectionApplied(at=at, injection=injection.id, due=at)


def _let_zones_change(
    plan: Plan, server: Server, clock: Clock, child: Child, changing: threading.Lock
) -> FollowedZones:
    """Have updates answered, if any zone allows them; returns the zones that follow a hosted zone."""

    def swap(zone: Zone) -> None:
        with changing:  # commands change the timeline from a thread of their own
            server.responder = server.responder.with_zones(server.responder.zones.with_zone(zone))

    if plan.updates.zones:
        server.updater = Updater(plan.updates, clock, lambda: server.responder.zones, swap, child.emit)
    return FollowedZones((plan.responder.zones.zones[apex] for apex in plan.followed), clock, swap, child.emit)


async def _follow(followed: FollowedZones, hosted: asyncio.Queue[HostedChange], clock: Clock, server: Server) -> None:
    """Serve each change of a hosted zone when it comes into force, in their order."""
    while True:
        change = await hosted.get()
        await clock.sleep_until(change.effective_at)
        try:
            followed.apply(change)
        except PlaneError as error:
            server.fail(error)


def main() -> None:
    """Serve until told to stop; what goes wrong is told in full and ends the process with 4."""
    child = Child()
    plain = child.plan()
    events = ThreadedLog(child.emit)
    try:
        spool = Spool(Path(plain["spool"])) if plain.get("spool") else None
        asyncio.run(serve(child, plain, spool or events.record, events))
        if spool:
            spool.close()  # the file tells what was lost
    except Exception as error:  # noqa: BLE001 - told to the journal and to standard error
        if not isinstance(error, ChaoskitError):
            traceback.print_exc(file=sys.stderr)
        said = [f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())]
        child.emit(HarnessFailed(at=WallClock().now(), part="dns", message="; ".join(said)))
        child.leave(ChaoskitError.exit_code)
    events.close()
    child.leave(0)


if __name__ == "__main__":
    main()
