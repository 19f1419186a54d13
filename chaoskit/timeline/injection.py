"""Injections and the timeline that holds them.

An injection ties a fault's own parameters to *where* it bites, *when*, and with what chance; the three stay apart, so each can be
tested and changed alone. A timeline is immutable: a driver asks it what is active and when that changes next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from chaoskit.clock import Instant
from chaoskit.timeline.window import Once, Span, Window

W = TypeVar("W")
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Injection(Generic[W, F]):
    """One planned fault. ``chance`` (0 to 1) is drawn by the driver per target, from the seed; ``hidden`` keeps it from a trainee."""

    id: str
    where: W
    when: Window
    fault: F
    chance: float = 1.0
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Timeline(Generic[W, F]):
    """Injections on one time base. ``origin`` None means that the run has not begun and nothing is active."""

    injections: tuple[Injection[W, F], ...] = ()
    origin: Instant | None = None

    def anchored(self, origin: Instant) -> Timeline[W, F]:
        """The same timeline with offset 0 at ``origin``."""
        return replace(self, origin=origin)

    def active(self, at: Instant) -> tuple[Injection[W, F], ...]:
        """What is on at ``at``, in the order in which it was written."""
        if self.origin is None:
            return ()
        offset = at - self.origin
        return tuple(injection for injection in self.injections if injection.when.active(offset))

    def next_change(self, after: Instant) -> Instant | None:
        """The first instant later than ``after`` at which ``active`` may differ; None if never."""
        if self.origin is None:
            return None
        offset = after - self.origin
        changes = [change for i in self.injections if (change := i.when.next_change(offset)) is not None]
        return self.origin + min(changes) if changes else None


def window_to_json(window: Window) -> dict[str, Any]:
    """The plain form of a window, for a plan that goes to another process."""
    if isinstance(window, Once):
        return {"once": {"start": window.start, "length": window.length}}
    raise TypeError(f"no plain form for {type(window).__name__}")


def window_from_json(plain: dict[str, Any]) -> Window:
    """The window of ``window_to_json``."""
    return Once(**plain["once"])


__all__ = ["Injection", "Once", "Span", "Timeline", "Window", "window_from_json", "window_to_json"]
