"""Windows: pure answers to "is it on at this offset?".

Offsets and lengths are nanoseconds from the run's origin. A window is half open: on at its start, off at its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

Span = tuple[int, int]
"""Start and end of one time on, in nanoseconds from the origin; half open."""


class Window(Protocol):
    """When an injection is on. Pure: no clock, no state."""

    def active(self, offset: int) -> bool:
        """Whether it is on at ``offset``."""

    def next_change(self, after: int) -> int | None:
        """The first offset later than ``after`` at which ``active`` changes; None if it never does again."""

    def spans(self, until: int) -> tuple[Span, ...]:
        """Every time on that starts before ``until``, in order, cut at ``until``."""


@dataclass(frozen=True, slots=True)
class Once:
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
