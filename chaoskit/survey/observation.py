"""What a trial did: how it ended, how long it hung, how soon it was back, and what the witnesses saw of the dependency meanwhile."""

from __future__ import annotations

import ipaddress
import itertools
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.clock import Instant
from chaoskit.dns.faults.address import PRESETS
from chaoskit.experiment.plans import CANARY_LABEL
from chaoskit.journal.events import ConnectionClosed, ConnectionOpened, QueryAnswered, SocketHeld
from chaoskit.journal.lookups import Lookup
from chaoskit.journal.run import Run
from chaoskit.survey.trial import DEAD_ADDRESS, Trial

Status: TypeAlias = Literal["not back", "failed", "late", "waited", "unharmed", "not exercised", "unknown"]
"""What became of it, worst first. *not back*: still running, or still failing, when the trial ended. *late* and *waited* succeeded:
*late* well after the fault's end, *waited* before.
"""

WORST_FIRST: tuple[Status, ...] = ("not back", "failed", "late", "waited", "unknown", "not exercised", "unharmed")

RESOLVER_TRY_NS = 4_000_000_000
"""A question that is asked again from the same port after so long is the resolver's next try; glibc waits 5 s (resolv.conf(5))."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What DNS server, proxy and kernel saw of the dependency. Instants count from the start of the trial's timeline.

    ``lookups`` are when each lookup of the name began, ``repeats`` the pauses of the resolver before it asked again within one.
    ``connections`` are (opened, closed) as the proxy saw them, None where there is no proxy; closed is None for one that was open to
    the end. ``dialling`` and ``held`` are the spans in which a socket was being dialled, or open, to one of its addresses.
    """

    lookups: tuple[int, ...]
    repeats: tuple[int, ...]
    connections: tuple[tuple[int, int | None], ...] | None
    dialling: tuple[tuple[int, int], ...]
    held: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientResult:
    """How one client fared: its calls in the fault, how many of them failed, and how long after the fault's end it was well again.

    ``is_back`` is false for one that was still in trouble at the end. ``exposed`` tells that the client itself is known to have met the
    fault; a probe of an app does not, its app does.
    """

    client: str
    count: int
    failed: int
    longest_ns: int
    longest_open: bool
    back_ns: int | None
    is_back: bool
    exposed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What became of a command, or of the clients of an experiment, in one trial; the fault was on from ``start_ns`` to ``end_ns``.

    ``hung_ns`` is how much longer the command, or the longest call, took than without a fault; ``hung_open`` that it had not come to its
    end. ``back_ns`` is how long after the fault's end all was well again, None where it was not, or where nothing had been lost.
    ``exit_code`` and ``elapsed_ns`` are the command's, None for clients, and the code also where it had not ended. ``clients`` is empty
    for a command. ``why`` says what went wrong with the trial itself.
    """

    status: Status
    start_ns: int
    end_ns: int
    watched_ns: int
    witness: Witness
    hung_ns: int = 0
    hung_open: bool = False
    back_ns: int | None = None
    exit_code: int | None = None
    elapsed_ns: int | None = None
    clients: tuple[ClientResult, ...] = ()
    why: str = ""

    @property
    def calls(self) -> tuple[int, int] | None:
        """How many calls began in the fault, and how many of them failed; None for a command."""
        if not self.clients:
            return None
        return sum(result.count for result in self.clients), sum(result.failed for result in self.clients)

    @property
    def fault_ns(self) -> int:
        """How long the fault lasted."""
        return self.end_ns - self.start_ns


def witness_of(run: Run, trial: Trial) -> Witness:
    """What the witnesses saw of the trial's dependency."""
    origin, dependency = run.origin, trial.dependency
    lookups = [lookup for lookup in run.lookups if lookup.client != CANARY_LABEL and lookup.name == dependency.name]
    peers = {ipaddress.ip_address(address) for address in dependency.addresses}
    peers |= {ipaddress.ip_address(address) for address in (DEAD_ADDRESS, *PRESETS["black_hole"])}
    sockets = [event for _, event in run.of(SocketHeld) if _host(event.peer) in peers]
    return Witness(
        lookups=tuple(lookup.started - origin for lookup in lookups),
        repeats=tuple(pause for lookup in lookups for pause in _repeats(run, lookup)),
        connections=_connections(run, dependency.service, origin) if dependency.service else None,
        dialling=_spans(sockets, "SYN_SENT", origin),
        held=_spans(sockets, "ESTABLISHED", origin),
    )


def _spans(sockets: list[SocketHeld], state: str, origin: Instant) -> tuple[tuple[int, int], ...]:
    return tuple((event.since - origin, event.at - origin) for event in sockets if event.state == state)


def _host(peer: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(peer.rpartition(":")[0].strip("[]"))


def _repeats(run: Run, lookup: Lookup) -> list[int]:
    """The pauses before the resolver asked for the same type again."""
    by_type: dict[str, list[Instant]] = {}
    for seq in lookup.queries:
        entry = run.entry(seq)
        assert entry is not None
        assert isinstance(entry.event, QueryAnswered)
        by_type.setdefault(entry.event.rtype, []).append(entry.event.at)
    return [later - earlier for instants in by_type.values() for earlier, later in itertools.pairwise(sorted(instants))]


def _connections(run: Run, service: str, origin: Instant) -> tuple[tuple[int, int | None], ...]:
    closed = {event.connection: event.at - origin for _, event in run.of(ConnectionClosed)}
    return tuple(
        (event.at - origin, closed.get(event.connection))
        for _, event in run.of(ConnectionOpened)
        if event.proxy.partition("@")[0] == service
    )
