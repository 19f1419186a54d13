"""What a trial did to the command: how it ended, how long it hung, how soon it was back, and what the witnesses saw meanwhile. Pure."""

from __future__ import annotations

import ipaddress
import itertools
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.clock import Instant
from chaoskit.dns.faults.address import PRESETS
from chaoskit.journal.command import command_end
from chaoskit.journal.events import ConnectionClosed, ConnectionOpened, HarnessFailed, QueryAnswered, SocketHeld
from chaoskit.journal.lookups import Lookup
from chaoskit.journal.run import Run
from chaoskit.survey.trial import DEAD_ADDRESS, Trial
from chaoskit.units import MILLISECOND, SECOND

Status: TypeAlias = Literal["hung", "failed", "late", "waited", "unharmed", "not exercised", "unknown"]
"""What became of the command, worst first. *late* and *waited* both succeeded: *late* well after the fault's end, *waited* before."""

WORST_FIRST: tuple[Status, ...] = ("hung", "failed", "late", "waited", "unknown", "not exercised", "unharmed")

USUAL_NS = 500 * MILLISECOND
"""A run this much longer than the one without a fault is as long as usual: the machine is shared."""

LATE_AFTER_NS = 2 * SECOND
"""Who succeeds within this time of the fault's end, and the command's usual length, is back at once."""

RESOLVER_TRY_NS = 4 * SECOND
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
class Observation:
    """What became of the command in one trial, whose fault began at ``start_ns`` of its life and ended at ``end_ns``.

    ``exit_code`` is None where it had not ended when the trial did. ``elapsed_ns`` is how long it lived, or was watched. ``hung_ns`` is how
    much longer that is than without a fault; ``back_ns`` is how long after the fault's end it succeeded, None where it did not, or where
    it was done before. ``why`` says what went wrong with the trial itself.
    """

    status: Status
    exit_code: int | None
    elapsed_ns: int
    usual_ns: int
    start_ns: int
    end_ns: int
    witness: Witness
    why: str = ""

    @property
    def hung_ns(self) -> int:
        """How much longer it took than without a fault."""
        return max(0, self.elapsed_ns - self.usual_ns)

    @property
    def back_ns(self) -> int | None:
        """How long after the fault's end it succeeded."""
        return self.elapsed_ns - self.end_ns if self.exit_code == 0 and self.elapsed_ns > self.end_ns else None


def observe(run: Run, trial: Trial, asker: str, usual_ns: int) -> Observation:
    """What ``run`` says of ``trial``; ``usual_ns`` is how long the command takes without a fault."""
    end = command_end(run)
    elapsed = end.elapsed_ns if end else run.last_instant - run.origin
    exit_code = end.exit_code if end else None
    failures = [event.message for _, event in run.of(HarnessFailed)]
    fault_end = trial.start_ns + trial.length_ns
    observation = Observation(
        status=_status(exit_code, elapsed, usual_ns, fault_end),
        exit_code=exit_code,
        elapsed_ns=elapsed,
        usual_ns=usual_ns,
        start_ns=trial.start_ns,
        end_ns=fault_end,
        witness=witness_of(run, trial, asker),
    )
    if failures:
        return _replaced(observation, "unknown", failures[0])
    if not any(run.met(planned.injection) for planned in run.injections) and not _met_silently(trial, observation):
        return _replaced(observation, "not exercised", "")
    return observation


def _met_silently(trial: Trial, observation: Observation) -> bool:
    """Whether a connection was open in the fault that acts on every one; a proxy tells of a toxic only when the connection ends."""
    connections = observation.witness.connections or ()
    return trial.fault.proxied and any(
        opened < observation.end_ns and (closed is None or closed >= observation.start_ns)
        for opened, closed in connections
    )


def _replaced(observation: Observation, status: Status, why: str) -> Observation:
    from dataclasses import replace

    return replace(observation, status=status, why=why)


def _status(exit_code: int | None, elapsed: int, usual: int, fault_end: int) -> Status:
    if exit_code is None:
        return "hung"
    if exit_code != 0:
        return "failed"
    if elapsed > fault_end + usual + LATE_AFTER_NS:
        return "late"
    return "waited" if elapsed > usual * 3 // 2 + USUAL_NS else "unharmed"


def witness_of(run: Run, trial: Trial, asker: str) -> Witness:
    """What the witnesses saw of the trial's dependency."""
    origin, dependency = run.origin, trial.dependency
    lookups = [lookup for lookup in run.lookups if lookup.client == asker and lookup.name == dependency.name]
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
