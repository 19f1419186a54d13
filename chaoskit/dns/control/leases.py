"""Leases: how long an injection that somebody asked for over the API may live. Pure; instants are handed in.

A lease ends at its deadline, or when its controller's heartbeat has been silent for the agreed interval, whichever is first. Its end is
part of the injection's window, which the DNS server compares with the clock at each query. So an injection ends on the nanosecond and
by itself, even if the controller, the connection and the control API are all dead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from chaoskit.clock import Instant
from chaoskit.timeline.window import Once
from chaoskit.units import MILLISECOND, MINUTE, SECOND, format_duration

Why: TypeAlias = Literal["deadline", "heartbeat", "withdrawn", "reset", "halted", "canary", "control lost", "failed"]
"""Why an injection ended: its lease ran out, its controller fell silent, somebody (or the canary's failure) withdrew it, or its fault
failed twice."""

SHORTEST_HEARTBEAT_NS = 100 * MILLISECOND


@dataclass(frozen=True, slots=True)
class Lease:
    """The life of one injection, on the server's clock.

    ``deadline`` is its end whatever is heard, and never later than ``latest``. ``heard`` is the controller's latest sign of life;
    ``heartbeat_ns`` None means that no heartbeat was agreed.
    """

    begun: Instant
    deadline: Instant
    latest: Instant
    heard: Instant
    heartbeat_ns: int | None = None

    @property
    def ends(self) -> Instant:
        """The first instant at which it is over if nothing more is heard."""
        if self.heartbeat_ns is None:
            return self.deadline
        return min(self.deadline, self.heard + self.heartbeat_ns)

    @property
    def window(self) -> Once:
        """From its beginning to its end, on a time base whose origin is instant 0."""
        return Once(self.begun, self.ends - self.begun)

    def over(self, at: Instant) -> Why | None:
        """Why it is over at ``at``; None while it lives."""
        if at < self.ends:
            return None
        return "deadline" if self.ends == self.deadline else "heartbeat"

    def heard_at(self, at: Instant) -> Lease:
        """The lease after a heartbeat; the deadline stays. Raises ``ValueError`` if it is over: what has ended does not begin again."""
        self._living(at)
        return replace(self, heard=max(self.heard, at))

    def renewed(self, at: Instant, length_ns: int) -> Lease:
        """The lease with its deadline ``length_ns`` from ``at``; also a sign of life. Raises ``ValueError`` past the limit, or if over."""
        self._living(at)
        if length_ns <= 0:
            raise ValueError("'for' must be longer than 0; to end an injection, delete it")
        if at + length_ns > self.latest:
            left = format_duration(self.latest - at)
            most = format_duration(self.latest - self.begun)
            raise ValueError(f"an injection may live {most} in all; of that at most {left} are left to ask for")
        return replace(self, deadline=at + length_ns, heard=max(self.heard, at))

    def _living(self, at: Instant) -> None:
        if why := self.over(at):
            raise ValueError(f"the injection is over ({why}); make a new one")


@dataclass(frozen=True, slots=True)
class LeaseRules:
    """What a server grants: ``default_ns`` to who names no time, ``longest_ns`` at most, renewals included."""

    default_ns: int = 60 * SECOND
    longest_ns: int = 10 * MINUTE

    def grant(self, at: Instant, length_ns: int | None, heartbeat_ns: int | None) -> Lease:
        """A lease that begins at ``at``. Raises ``ValueError`` saying what would be granted."""
        length = min(self.default_ns, self.longest_ns) if length_ns is None else length_ns
        if length <= 0:
            raise ValueError("'for' must be longer than 0")
        if length > self.longest_ns:
            raise ValueError(
                f"'for' is {format_duration(length)}, but this server grants at most {format_duration(self.longest_ns)}"
            )
        if heartbeat_ns is not None and heartbeat_ns < SHORTEST_HEARTBEAT_NS:
            raise ValueError(f"'heartbeat' must be at least {format_duration(SHORTEST_HEARTBEAT_NS)}")
        return Lease(at, at + length, at + self.longest_ns, at, heartbeat_ns)
