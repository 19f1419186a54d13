"""Times when something was on, that can be asked quickly: a day of flapping faults has hundreds of them, and a million calls. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from chaoskit.clock import Instant


class Spans:
    """Spans (start, end), merged and in order; a start is inside, an end is not. One that ends where it starts, or before, is none."""

    def __init__(self, spans: Iterable[tuple[Instant, Instant]]) -> None:
        self._starts: list[Instant] = []
        self._ends: list[Instant] = []
        for start, end in sorted(span for span in spans if span[0] < span[1]):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(end, self._ends[-1])
            else:
                self._starts.append(start)
                self._ends.append(end)

    def __iter__(self) -> Iterator[tuple[Instant, Instant]]:
        return zip(self._starts, self._ends, strict=True)

    def __contains__(self, at: Instant) -> bool:
        place = bisect_right(self._starts, at)
        return place > 0 and at < self._ends[place - 1]

    def meet(self, start: Instant, end: Instant | None) -> bool:
        """Whether one of them shares time with what began at ``start`` and ended at ``end``; None: it went on."""
        place = bisect_right(self._ends, start)
        return place < len(self._starts) and (end is None or self._starts[place] < end)
