"""Answers that wait for their delay to be over. Bounded, because anybody may ask: what finds no place is not sent, and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

MAX_WAITING = 16_384
MAX_BYTES = 32 << 20
"""Of the answers themselves; what else is kept of each takes about a kilobyte."""

T = TypeVar("T")


class Late(Generic[T]):
    """What waits, and for what. ``refused`` counts what found no place."""

    def __init__(self) -> None:
        self._waiting: dict[T, tuple[asyncio.TimerHandle, int]] = {}
        self._bytes = 0
        self.refused = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, answer: T, size: int, seconds: float, due: Callable[[T], None]) -> bool:
        """Call ``due`` with ``answer``, of ``size`` bytes, in that many seconds; false if there is no place for it."""
        if len(self._waiting) >= MAX_WAITING or self._bytes + size > MAX_BYTES:
            self.refused += 1
            return False
        timer = asyncio.get_running_loop().call_later(seconds, self._come, answer, due)
        self._waiting[answer] = timer, size
        self._bytes += size
        return True

    def _come(self, answer: T, due: Callable[[T], None]) -> None:
        _, size = self._waiting.pop(answer)
        self._bytes -= size
        due(answer)

    def clear(self) -> list[T]:
        """Let none of them come any more; returns what waited."""
        waiting = list(self._waiting)
        for timer, _ in self._waiting.values():
            timer.cancel()
        self._waiting.clear()
        self._bytes = 0
        return waiting
