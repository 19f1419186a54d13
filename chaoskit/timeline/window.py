"""Windows: pure answers to "is it on at this offset?".

Offsets and lengths are nanoseconds from the run's origin. A window is half open: on at its start, off at its end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

Span = tuple[int, int]
"""Start and end of one time on, in nanoseconds from the origin; half open."""

MAX_SPANS = 10_000
"""A window may go on and off this often; all of it is written to the journal."""


class Window(Protocol):
    """When an injection is on. Pure: no clock, no state. Classes derive from this one."""

    steady: ClassVar[bool] = True
    """False if ``chance`` is not 1 everywhere."""

    def active(self, offset: int) -> bool:
        """Whether it is on at ``offset``."""

    def next_change(self, after: int) -> int | None:
        """The first offset later than ``after`` at which ``active`` changes; None if it never does again."""

    def spans(self, until: int) -> tuple[Span, ...]:
        """Every time on that starts before ``until``, in order, cut at ``until``."""

    def chance(self, offset: int) -> float:
        """What the injection's chance is multiplied by at ``offset``, while it is on: 0 to 1."""
        return 1.0

    def with_event(self, event: str, offset: int) -> Window:
        """The window that this one is once ``event`` has been seen at ``offset``."""
        return self

    def shifted(self, by: int) -> Window:
        """The same window, ``by`` later. (One that flaps does so by other times then: they are drawn from its start.)"""
        window: Any = self
        shifted: Window = replace(window, start=window.start + by)
        return shifted


@dataclass(frozen=True, slots=True)
class Once(Window):
    """On from ``start`` for ``length``."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """The first offset at which it is off again."""
        return self.start + self.length

    def active(self, offset: int) -> bool:
        return self.start <= offset < self.end

    def next_change(self, after: int) -> int | None:
        if self.length <= 0:
            return None
        return next((edge for edge in (self.start, self.end) if edge > after), None)

    def spans(self, until: int) -> tuple[Span, ...]:
        if self.length <= 0 or self.start >= until:
            return ()
        return ((self.start, min(self.end, until)),)


@dataclass(frozen=True, slots=True)
class Ramp(Once):
    """On from ``start`` for ``length``; the chance grows evenly from 0 at the start to all of it ``over`` later, and stays there."""

    steady: ClassVar[bool] = False

    over: int

    def __post_init__(self) -> None:
        if self.over <= 0:
            raise ValueError("a ramp must take longer than 0")

    def chance(self, offset: int) -> float:
        return min(1.0, max(0.0, (offset - self.start) / self.over))


@dataclass(frozen=True, slots=True)
class Until(Once):
    """On from ``start`` until ``failed_calls`` calls of ``client`` have failed in it, but for ``length`` at most."""

    client: str
    failed_calls: int

    @property
    def event(self) -> str:
        """The name under which every process of the run is told that what this waits for has come."""
        return f"{self.failed_calls} failed calls of {self.client}"

    def with_event(self, event: str, offset: int) -> Window:
        if event != self.event or not self.start < offset < self.end:
            return self
        return Once(self.start, offset - self.start)
