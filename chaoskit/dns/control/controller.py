"""The desk: which injections and zones a running server has. Everything here happens on the DNS server's own thread.

State is immutable and replaced as a whole: each change makes a new ``Responder`` (zones and timeline), which the server uses from its next
query on. Ends need no action: they are part of the injections' windows. ``tick`` only tidies up, tells the feed, and probes the canary.
"""

from __future__ import annotations

import contextlib
import itertools
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from chaoskit.clock import Clock, Instant
from chaoskit.dns.breakage import QueryFailed, Strikes
from chaoskit.dns.control.canary import CanaryState, probe, zones_with_canary
from chaoskit.dns.control.event_stream import ControlEvent, InjectionBegun, InjectionEnded, ZonesSwapped
from chaoskit.dns.control.leases import Lease, LeaseRules, Why
from chaoskit.dns.control.requests import NewInjection
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.responder import Responder
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.update import changes_between
from chaoskit.dns.zone import Zone, Zones
from chaoskit.errors import InputError
from chaoskit.journal.events import QueryAnswered, ZoneChanged
from chaoskit.timeline.injection import Injection, Timeline
from chaoskit.timeline.window_spec import WindowShape

MAX_INJECTIONS = 256
MAX_PATTERNS = 20_000
"""Instructions of all regular expressions together: a name that has not been asked for lately takes 0.2 s at the very worst."""

KEPT_ENDED = 256
"""Ended injections whose end can still be asked for."""


class Refused(InputError):
    """A request that the state of the server does not allow; ``status`` is the HTTP status that says so (RFC 9110 §15.5)."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


@contextlib.contextmanager
def _unprocessable() -> Iterator[None]:
    """What a pure rule says is wrong, as the answer to who asked for it."""
    try:
        yield
    except ValueError as error:
        raise Refused(422, str(error)) from error


class HasResponder(Protocol):
    """What the desk needs of the DNS server."""

    responder: Responder

    def forget(self, injection: str) -> None:
        """Reset the question counters kept under this injection id."""

    def drop_late(self) -> None:
        """Answers that are still delayed are not sent."""


@dataclass(frozen=True, slots=True)
class ActiveInjection:
    """An injection and its lease. ``written`` is the fault as it was asked for; ``met`` queries were changed by it."""

    id: str
    where: DnsTarget
    fault: DnsFault
    written: dict[str, Any]
    chance: float
    lease: Lease
    way: WindowShape | None = None
    seed: int = 0
    met: int = 0

    @property
    def injection(self) -> Injection[DnsTarget, DnsFault]:
        """On the time base whose origin is instant 0."""
        span = self.lease.window
        window = self.way.window(span.start, span.length, 1.0, self.seed) if self.way else span
        return Injection(self.id, self.where, window, self.fault, self.chance)


@dataclass(frozen=True, slots=True)
class EndedInjection:
    """An injection that is over since ``at``."""

    held: ActiveInjection
    at: Instant
    why: Why


@dataclass(frozen=True, slots=True)
class ZoneSnapshot:
    """One version of the zones, our own canary's left out; versions count from 1."""

    version: int
    zones: Zones


@dataclass(frozen=True, slots=True)
class Overview:
    """The desk at one instant. ``alarm`` is what was found when the canary failed; it stays until somebody resumes."""

    now: Instant
    held: tuple[ActiveInjection, ...]
    ended: tuple[EndedInjection, ...]
    zones: ZoneSnapshot
    halted: bool
    canary: CanaryState
    alarm: CanaryState | None


class InjectionController:
    """Raises ``Refused`` for what the state or the lease rules do not allow."""

    def __init__(
        self,
        server: HasResponder,
        clock: Clock,
        rules: LeaseRules,
        canary: str,
        publish: Callable[[ControlEvent], None] = lambda _: None,
        with_aliases: Callable[[DnsTarget], DnsTarget] = lambda target: target,
    ) -> None:
        self._server = server
        self._clock = clock
        self._rules = rules
        self._publish = publish
        self.with_aliases = with_aliases
        self._held: dict[str, ActiveInjection] = {}
        self._ended: OrderedDict[str, EndedInjection] = OrderedDict()
        self._numbers = itertools.count(1)
        self._strikes = Strikes()
        self._halted = False
        self._alarm: CanaryState | None = None
        self._zones = ZoneSnapshot(0, Zones({}))
        self._served = self._zones.zones
        self._canary = CanaryState(canary, False, "no zones yet")

    def overview(self) -> Overview:
        """What is on, what was, and what is served."""
        now = self._tidy()
        held = tuple(self._held.values())
        ended = tuple(self._ended.values())
        return Overview(now, held, ended, self._zones, self._halted, self._canary, self._alarm)

    def begin(self, new: NewInjection) -> tuple[ActiveInjection, Instant]:
        """Begin an injection now. Refuses what means the canary alone, and everything while halted."""
        now = self._tidy()
        if self._halted:
            why = f", because the canary {self._alarm.name} failed ({self._alarm.detail})" if self._alarm else ""
            raise Refused(409, f"this server is halted{why}; post to /resume first (chaoskit resume)")
        where = self.with_aliases(new.where)
        if lacking := new.fault.lacking():
            raise Refused(409, lacking)
        if where.name is not None and where.covers(self._canary.name):
            relation = "is" if where.name == self._canary.name else "has as an alias"
            raise Refused(
                409, f"'where' {relation} the canary {self._canary.name}, which no fault may touch; name another"
            )
        if len(self._held) >= MAX_INJECTIONS:
            raise Refused(409, f"{MAX_INJECTIONS} injections are under way, and more are not held; withdraw some")
        sizes = new.where.pattern_size + sum(held.where.pattern_size for held in self._held.values())
        if new.where.pattern_size and sizes > MAX_PATTERNS:
            raise Refused(
                409, "the regular expressions under way would take too long together; write 'under' or 'glob'"
            )
        if new.id in self._held:
            raise Refused(409, f"an injection {new.id!r} is under way; choose another id, or delete it first")
        with _unprocessable():
            lease = self._rules.grant(now, new.length_ns, new.heartbeat_ns)
        name = new.id or next(made for n in self._numbers if (made := f"i{n}") not in self._held)
        seed = self._server.responder.seed
        held = ActiveInjection(name, where, new.fault, new.written, new.chance, lease, new.way, seed)
        with _unprocessable():
            _ = held.injection.when.active(now)
        self._ended.pop(name, None)
        self._held[name] = held
        self._server.forget(name)
        self._strikes.forget(name)
        self._renew(now)
        self._publish(InjectionBegun(now, name, new.written, where.describe(), lease.ends))
        return held, now

    def heartbeat(self, name: str) -> tuple[ActiveInjection, Instant]:
        """Renew the heartbeat lease of an injection. Raises ``Refused`` 404 or 410."""
        now = self._tidy()
        held = self._find(name)
        return self._put(replace(held, lease=held.lease.heard_at(now)), now)

    def change(self, name: str, length_ns: int | None, chance: float | None) -> tuple[ActiveInjection, Instant]:
        """Move the deadline, or change the chance."""
        now = self._tidy()
        held = self._find(name)
        with _unprocessable():
            lease = held.lease.heard_at(now) if length_ns is None else held.lease.renewed(now, length_ns)
            changed = replace(held, lease=lease, chance=held.chance if chance is None else chance)
            _ = changed.injection
        return self._put(changed, now)

    def find(self, name: str) -> tuple[ActiveInjection, Instant]:
        """An injection that is under way."""
        now = self._tidy()
        return self._find(name), now

    def withdraw(self, name: str) -> EndedInjection:
        """End an injection."""
        now = self._tidy()
        return self._end([self._find(name)], now, "withdrawn")[0]

    def reset(self, why: Why = "reset") -> list[EndedInjection]:
        """End all injections."""
        now = self._tidy()
        return self._end(self._held.values(), now, why)

    def halt(self) -> list[EndedInjection]:
        """End all injections and begin none until ``resume``; answers that are still delayed are dropped. It may be asked again."""
        self._halted = True
        ended = self.reset("halted")
        self._server.drop_late()
        return ended

    def resume(self) -> None:
        """Injections may begin again. Refused while the canary does not resolve."""
        now = self._tidy()
        found = probe(self._server.responder, self._canary.name, now)
        if not found.ok:
            raise Refused(409, f"the canary {found.name} does not resolve ({found.detail}); put zones that have it")
        self._canary, self._alarm, self._halted = found, None, False

    def meet(self, event: QueryAnswered) -> None:
        """Count the query for the injections that changed it, also for one that ended while its answer was under way."""
        for name in event.faults:
            if name in self._held:
                self._held[name] = _met(self._held[name], event)
            elif name in self._ended:
                self._ended[name] = replace(ended := self._ended[name], held=_met(ended.held, event))

    @property
    def zones(self) -> Zones:
        """The zones that were put, our own canary's left out."""
        return self._zones.zones

    def change_zone(self, zone: Zone) -> None:
        """Serve another version of one zone. Raises ``ValueError`` when the canary would not resolve in it."""
        try:
            self.swap_zones(self._zones.zones.with_zone(zone))
        except Refused as refused:
            raise ValueError(str(refused)) from refused

    def query_failed(self, failure: QueryFailed) -> None:
        """Tell of a query that could not be answered as was meant; an injection that is to blame for the second time ends."""
        self._publish(failure)
        if self._strikes.out(failure) and failure.injection in self._held:
            self._end([self._held[failure.injection]], self._clock.now(), "failed")

    def swap_zones(self, zones: Zones, if_version: int | None = None) -> ZoneSnapshot:
        """Serve other zones from the next query on. Refused when the canary would not resolve in them.

        ``if_version``: only if this is still the version served (RFC 9110 §13.1.1).
        """
        now = self._tidy()
        if if_version is not None and if_version != self._zones.version:
            raise Refused(412, f"version {self._zones.version} is served, not {if_version}; get it and try again")
        name = self._canary.name
        served = zones_with_canary(zones, name)
        found = probe(Responder(served, Timeline(), 0), name, now)
        if not found.ok:
            raise Refused(409, f"the canary {name} would not resolve in these zones ({found.detail}); add it to them")
        self._zones, self._served = ZoneSnapshot(self._zones.version + 1, zones), served
        self._canary = found
        self._renew(now)
        self._publish(ZonesSwapped(now, self._zones.version))
        return self._zones

    def put_zones(self, zones: Zones, if_version: int | None = None) -> ZoneSnapshot:
        """``swap_zones`` as asked by the control API, which tells what differs in each zone."""
        before = self._zones.zones.zones
        snapshot = self.swap_zones(zones, if_version)
        now = self._clock.now()
        for apex in dict.fromkeys((*before, *zones.zones)):
            old, new = (some.get(apex) or Zone.from_plan({"apex": apex}) for some in (before, zones.zones))
            if changes := changes_between(old, new):
                self._publish(
                    ZoneChanged(
                        at=now,
                        zone=apex,
                        serial=new.serial,
                        source="control",
                        author="the control API",
                        changes=changes,
                    )
                )
        return snapshot

    def tick(self) -> None:
        """Tell of injections that have run out, and probe the canary; to be called now and then."""
        self._check_canary(self._tidy())

    def _find(self, name: str) -> ActiveInjection:
        if name in self._held:
            return self._held[name]
        if ended := self._ended.get(name):
            raise Refused(410, f"the injection {name!r} is over ({ended.why}); make a new one")
        known = ", ".join(self._held) or "none"
        raise Refused(404, f"there is no injection {name!r}; under way: {known}")

    def _put(self, held: ActiveInjection, now: Instant) -> tuple[ActiveInjection, Instant]:
        self._held[held.id] = held
        self._renew(now)
        return held, now

    def _tidy(self) -> Instant:
        """Move what is over out of the way; answers have been honest since its end, whenever we come to it."""
        now = self._clock.now()
        for held in tuple(self._held.values()):
            if why := held.lease.over(now):
                self._note_end(EndedInjection(held, held.lease.ends, why))
        return now

    def _end(self, ending: Iterable[ActiveInjection], now: Instant, why: Why) -> list[EndedInjection]:
        ended = [EndedInjection(held, now, why) for held in ending]
        for one in ended:
            self._note_end(one)
        self._renew(now)
        return ended

    def _note_end(self, ended: EndedInjection) -> None:
        del self._held[ended.held.id]
        self._ended[ended.held.id] = ended
        while len(self._ended) > KEPT_ENDED:
            self._ended.popitem(last=False)
        self._publish(InjectionEnded(ended.at, ended.held.id, ended.why, ended.held.met))

    def _renew(self, now: Instant) -> None:
        """Give the server what holds now."""
        timeline = Timeline(tuple(held.injection for held in self._held.values()), origin=0)
        responder = replace(self._server.responder, spared=frozenset({self._canary.name}))
        self._server.responder = replace(responder.with_zones(self._served), timeline=timeline)
        self._check_canary(now)

    def _check_canary(self, now: Instant) -> None:
        self._canary = probe(self._server.responder, self._canary.name, now)
        if not self._canary.ok and self._alarm is None:
            self._alarm, self._halted = self._canary, True
            self.reset("canary")
            self._server.drop_late()


def _met(held: ActiveInjection, event: QueryAnswered) -> ActiveInjection:
    """With the query counted, unless it came before this injection, to another one of the same id."""
    return replace(held, met=held.met + 1) if event.at >= held.lease.begun else held
