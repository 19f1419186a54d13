"""Injections and the timeline that holds them.

An injection ties a fault's own parameters to *where* it bites, *when*, and with what chance; the three stay apart, so each can be
tested and changed alone. A timeline is immutable: a driver asks it what is active and when that changes next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from chaoskit.clock import Instant
from chaoskit.timeline.window import Window
from chaoskit.units import MILLISECOND

FELT_NS = MILLISECOND
"""What comes later by less than this is late to nobody: a busy machine delays as much by itself. A fault that does no more is not met."""

W = TypeVar("W")
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Injection(Generic[W, F]):
    """One planned fault. ``chance`` (0 to 1) is drawn by the driver per target, from the seed; ``hidden`` keeps it from a trainee.

    The run counts even if an ``optional`` one meets nothing.
    """

    id: str
    where: W
    when: Window
    fault: F
    chance: float = 1.0
    hidden: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Timeline(Generic[W, F]):
    """Injections on one time base. ``origin`` None means that the run has not begun and nothing is active."""

    injections: tuple[Injection[W, F], ...] = ()
    origin: Instant | None = None

    def anchored(self, origin: Instant) -> Timeline[W, F]:
        """The same timeline with offset 0 at ``origin``."""
        return replace(self, origin=origin)

    def without(self, injection: str) -> Timeline[W, F]:
        """The same timeline but for the injection of this id."""
        return replace(self, injections=tuple(entry for entry in self.injections if entry.id != injection))

    def with_injection(self, injection: Injection[W, F]) -> Timeline[W, F]:
        """The same timeline with one injection more, behind the others."""
        return replace(self, injections=(*self.injections, injection))

    def active(self, at: Instant) -> tuple[Injection[W, F], ...]:
        """What is on at ``at``, in the order in which it was written."""
        if self.origin is None:
            return ()
        offset = at - self.origin
        return tuple(injection for injection in self.injections if injection.when.active(offset))

    def chance(self, injection: Injection[W, F], at: Instant) -> float:
        """The chance that an active ``injection`` has at ``at``: its own, times what its window makes of it."""
        return injection.chance * injection.when.chance(at - (self.origin or 0))

    def with_event(self, event: str, at: Instant) -> Timeline[W, F]:
        """The same timeline after ``event`` was seen at ``at``: windows that waited for it end there. Nothing before the origin counts."""
        if self.origin is None:
            return self
        offset = at - self.origin
        injections = tuple(
            replace(injection, when=injection.when.with_event(event, offset)) for injection in self.injections
        )
        return replace(self, injections=injections)

    def next_change(self, after: Instant) -> Instant | None:
        """The first instant later than ``after`` at which ``active`` may differ; None if never."""
        if self.origin is None:
            return None
        offset = after - self.origin
        changes = [change for i in self.injections if (change := i.when.next_change(offset)) is not None]
        return self.origin + min(changes) if changes else None
