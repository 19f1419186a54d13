"""Windows that go on and off many times: in even pulses, or at random as a flapping link does."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from chaoskit.seeds import generator
from chaoskit.timeline.window import MAX_SPANS, Span, Window


@dataclass(frozen=True, slots=True)
class Pulse(Window):
    """From ``start`` for ``length``: on for ``on`` at the beginning of every ``every``. Raises ``ValueError`` saying what cannot be."""

    start: int
    length: int
    every: int
    on: int

    def __post_init__(self) -> None:
        if not 0 < self.on < self.every:
            raise ValueError("a pulse must be on for longer than 0, and for less than it takes to the next one")
        if self.length > MAX_SPANS * self.every:
            raise ValueError(f"it would go on more than {MAX_SPANS:,} times; make the pulses longer")

    @property
    def end(self) -> int:
        """The first offset at which it is off for good."""
        return self.start + self.length

    def active(self, offset: int) -> bool:
        return self.start <= offset < self.end and (offset - self.start) % self.every < self.on

    def next_change(self, after: int) -> int | None:
        if self.length <= 0 or after >= self.end:
            return None
        if after < self.start:
            return self.start
        count, into = divmod(after - self.start, self.every)
        begun = self.start + count * self.every
        if into < self.on:
            return min(begun + self.on, self.end)
        return begun + self.every if begun + self.every < self.end else None

    def spans(self, until: int) -> tuple[Span, ...]:
        stop = min(self.end, until)
        return tuple((at, min(at + self.on, stop)) for at in range(self.start, stop, self.every))


@dataclass(frozen=True, slots=True)
class Flap(Window):
    """From ``start`` for ``length``: on, off, on … for random times.

    Each time on is drawn evenly between half of ``on`` and one and a half of it, each time off likewise around ``off``. Equal seeds
    flap alike, however long. Raises ``ValueError`` saying what cannot be.
    """

    start: int
    length: int
    on: int
    off: int
    seed: int = 0

    def __post_init__(self) -> None:
        if self.on <= 0 or self.off <= 0:
            raise ValueError("a flap's times on and off must be longer than 0")
        if self.length > MAX_SPANS * (self.on + self.off) // 2:
            raise ValueError(f"it could go on more than {MAX_SPANS:,} times; make 'on' or 'off' longer")

    def active(self, offset: int) -> bool:
        return bisect_right(_edges(self), offset) % 2 == 1

    def next_change(self, after: int) -> int | None:
        edges = _edges(self)
        place = bisect_right(edges, after)
        return edges[place] if place < len(edges) else None

    def spans(self, until: int) -> tuple[Span, ...]:
        edges = _edges(self)
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return tuple((start, min(end, until)) for start, end in pairs if start < until)


@lru_cache(maxsize=256)
def _edges(flap: Flap) -> tuple[int, ...]:
    """The offsets at which it goes on, off, on … off."""
    rng = generator(flap.seed, "flap", flap.start, flap.on, flap.off)
    edges: list[int] = []
    at, end = flap.start, flap.start + flap.length
    while at < end:
        edges.append(at)
        mean = flap.on if len(edges) % 2 else flap.off
        at += max(1, round(mean * rng.uniform(0.5, 1.5)))
    return (*edges, end) if len(edges) % 2 else tuple(edges)
