"""``chaoskit serve``: the DNS server alone, with its control API."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeAlias

from starlette.routing import Route

from chaoskit.clock import WallClock
from chaoskit.dns.breakage import QueryFailed
from chaoskit.dns.control.address import Address, Unix, parse_host_port
from chaoskit.dns.control.api import Api, Bridge, make_app
from chaoskit.dns.control.controller import InjectionController
from chaoskit.dns.control.event_stream import ControlEvent, EventStream
from chaoskit.dns.control.gate import Gate, PageAccess
from chaoskit.dns.control.http import ControlThread, bind
from chaoskit.dns.control.invariants import Watch
from chaoskit.dns.control.leases import LeaseRules
from chaoskit.dns.control.metrics import Losses, QueryMetrics
from chaoskit.dns.descriptors import is_scarcity, raise_limit, shares
from chaoskit.dns.followed_zones import FollowedZones, HostedChange
from chaoskit.dns.guard import Guard
from chaoskit.dns.listen import Listener, is_loopback
from chaoskit.dns.names import DEFAULT_CANARY
from chaoskit.dns.responder import Responder
from chaoskit.dns.server import Server
from chaoskit.dns.spool import Spool
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.updater import Updater, UpdateRules
from chaoskit.dns.upstream import Upstream
from chaoskit.dns.zone import Zones
from chaoskit.errors import HarnessError, InputError, PlaneError
from chaoskit.journal.events import QueryAnswered, ZoneChanged
from chaoskit.timeline.injection import Timeline

TICK_S = 0.5
SWITCH_S = 0.0005
"""How long the control thread may keep the interpreter while a query waits; Python's default is ten times that."""


class Console(Protocol):
    """A page of our own beside the control API."""

    access: PageAccess
    probe_label: str
    """Label of a listener for the console's own questions, so that they count as nobody else's."""

    def hear(self, event: ControlEvent) -> None:
        """Take in an event, on the DNS server's thread."""

    def routes(self, bridge: Bridge, probe_at: tuple[str, int]) -> Sequence[Route]:
        """Its routes. ``probe_at`` is where that listener answers."""

    def close(self) -> None:
        """Let what it streams end, on the control API's loop."""


Follow: TypeAlias = Callable[[Callable[[HostedChange], None]], Callable[[], None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What to serve, where, and to whom."""

    listeners: tuple[Listener, ...]
    zones: Zones
    control: Address
    rules: LeaseRules
    token: str | None = None
    guard: Guard | None = None
    upstream: tuple[str, int] | None = None
    canary: str = DEFAULT_CANARY
    seed: int = 0
    with_aliases: Callable[[DnsTarget], DnsTarget] = lambda target: target
    """Adds to a target the names that mean the same, where they are known."""
    updates: UpdateRules = field(default_factory=UpdateRules)
    followed: tuple[str, ...] = ()
    invariants: Watch | None = None
    follow: Follow | None = None
    """Begins to tell changes of the hosted zones that ``followed`` zones follow; returns what ends that."""
    console: Console | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """It answers: where DNS is, and where the control API is."""

    dns: tuple[str, ...]
    control: Address


async def serve(settings: Settings, on_ready: Callable[[Ready], None], spool: Spool | None = None) -> None:
    """Answer until SIGINT, SIGTERM or SIGHUP; every query goes to ``spool``.

    Raises ``InputError`` when an address cannot be had, before anything is answered, and ``HarnessError`` for what fails of ours later.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    sys.setswitchinterval(SWITCH_S)
    console, invariants = settings.console, settings.invariants
    clock, feed, tally = WallClock(), EventStream(console.hear if console else None), QueryMetrics()
    witness = _Witness(feed, tally, spool, settings.guard)
    share = shares(raise_limit(), forwards=settings.upstream is not None)
    upstream = Upstream(settings.upstream, most=share.upstream) if settings.upstream else None
    server = witness.server = Server(
        Responder(Zones.from_plan([]), Timeline(), settings.seed),
        clock,
        witness.answered,
        guard=settings.guard,
        upstream=upstream,
        stands=True,
        most_connections=share.tcp,
        on_failure=witness.failed,
    )
    loop.set_exception_handler(witness.complain)
    publish = _publisher(feed, tally, invariants)
    desk = witness.desk = InjectionController(
        server, clock, settings.rules, settings.canary, publish, settings.with_aliases
    )
    desk.swap_zones(settings.zones)
    with _as_input("--control"):
        bound, control = bind(settings.control)
    thread: ControlThread | None = None
    following = contextlib.ExitStack()
    try:
        with _as_input("--listen"):
            dns = tuple([await server.listen(listener) for listener in settings.listeners])
        admits = settings.guard.admits if settings.guard else is_loopback
        gate = Gate(settings.token, settings.control.is_loopback, admits, console.access if console else None)
        bridge, states = Bridge(loop, desk), invariants.states if invariants else list
        api = Api(bridge, feed, tally, dns, witness.losses, states, forwards=upstream is not None)
        app = make_app(api, gate, await _pages(console, server, bridge))
        lost = partial(loop.call_soon_threadsafe, end_without_control, desk, server)
        thread = ControlThread(app, bound, lost, share.control)
        thread.start()
        _let_zones_change(settings, server, desk, publish, following)
        on_ready(Ready(dns, control))
        await _until_stopped(stop, desk, server)
    finally:
        following.close()
        await server.close()
        if thread is not None:
            thread.stop(lambda: _end_streams(feed, console))
        bound.close()
        if isinstance(control, Unix):
            control.path.unlink(missing_ok=True)


async def _pages(console: Console | None, server: Server, bridge: Bridge) -> Sequence[Route]:
    """The routes of the console, whose probe gets a listener of its own; none without a console."""
    if console is None:
        return ()
    probe_at = await server.listen(Listener(console.probe_label, "127.0.0.1", 0))
    return console.routes(bridge, parse_host_port(probe_at, "console"))


def _end_streams(feed: EventStream, console: Console | None) -> None:
    """On the control API's loop: let what would go on for ever end."""
    feed.close()
    if console:
        console.close()


@contextlib.contextmanager
def _as_input(option: str) -> Iterator[None]:
    """An address that cannot be had is what ``option`` asked for wrongly, and no failure of ours."""
    try:
        yield
    except PlaneError as error:
        raise InputError(f"{option}: {error}") from error


async def _until_stopped(stop: asyncio.Event, desk: InjectionController, server: Server) -> None:
    """Keep the leases until ``stop`` is set. Raises what made the server or the leases fail."""
    loop = asyncio.get_running_loop()
    stopping, ticking = loop.create_task(stop.wait()), loop.create_task(_tick(desk))
    await asyncio.wait((stopping, ticking, server.failed), return_when=asyncio.FIRST_COMPLETED)
    for task in (stopping, ticking):
        task.cancel()
    for ended in (server.failed, ticking):
        if ended.done():
            ended.result()


def _let_zones_change(
    settings: Settings,
    server: Server,
    desk: InjectionController,
    publish: Callable[[ControlEvent], None],
    following: contextlib.ExitStack,
) -> None:
    """Have updates answered, and hosted zones followed until ``following`` is closed."""
    loop = asyncio.get_running_loop()
    if settings.updates.zones:
        server.updater = Updater(settings.updates, server.clock, lambda: desk.zones, desk.change_zone, publish)
    if settings.follow is None:
        return
    zones = [settings.zones.zones[apex] for apex in settings.followed]
    followed = FollowedZones(zones, server.clock, desk.change_zone, publish)

    def apply(change: HostedChange) -> None:
        try:
            followed.apply(change)
        except (PlaneError, ValueError) as error:
            server.fail(error if isinstance(error, PlaneError) else PlaneError(str(error)))

    def tell(change: HostedChange) -> None:
        with contextlib.suppress(RuntimeError):  # on another thread, when the loop has ended
            loop.call_soon_threadsafe(apply, change)

    following.callback(settings.follow(tell))


def _publisher(feed: EventStream, tally: QueryMetrics, watch: Watch | None) -> Callable[[ControlEvent], None]:
    """Tells the feed what happens, and after a change of a zone which invariants it broke."""

    def publish(event: ControlEvent) -> None:
        feed.publish(event)
        if watch is None or not isinstance(event, ZoneChanged):
            return
        for broken in watch.changed(event):
            tally.invariants_broken[broken.invariant.partition("=")[0]] += 1
            feed.publish(broken)

    return publish


class _Witness:
    """What is told and counted of every query. ``server`` and ``desk`` are set before the first."""

    server: Server
    desk: InjectionController

    def __init__(self, feed: EventStream, tally: QueryMetrics, spool: Spool | None, guard: Guard | None) -> None:
        self._feed = feed
        self._tally = tally
        self._spool = spool
        self._guard = guard

    def answered(self, event: QueryAnswered) -> None:
        self._tally.record(event)
        if event.faults:
            self.desk.meet(event)
        self._feed.publish(event)
        if self._spool:
            self._spool.record(event)

    def failed(self, failure: QueryFailed) -> None:
        self._tally.failed += 1
        self.desk.query_failed(failure)

    def complain(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What the loop tells that nobody caught."""
        if is_scarcity(context):  # the loop accepts no connections for a second, and goes on
            self._tally.scarcities += 1
        else:
            self.server.fail(context.get("exception") or HarnessError(context["message"]))

    def losses(self) -> Losses:
        turned_away = tuple(self._guard.turned_away.items()) if self._guard else ()
        shown = {str(why): count for why, count in turned_away}
        unlogged = self._spool.lost if self._spool else 0
        return Losses(shown, self.server.crowded_out, unlogged, self.server.late.refused)


async def _tick(desk: InjectionController) -> None:
    while True:
        desk.tick()
        await asyncio.sleep(TICK_S)


def end_without_control(desk: InjectionController, server: Server) -> None:
    """Nobody could end an injection any more: none stays on, and the server ends with the truth."""
    desk.reset("control lost")
    server.fail(HarnessError("the control API ended unasked; its traceback is above"))
