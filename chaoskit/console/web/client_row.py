"""One client of a run as the console shows it: calls, success, latency, attempts, and how soon it was back."""

from __future__ import annotations

import statistics
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

from chaoskit.clock import Instant
from chaoskit.journal.calls import root_of
from chaoskit.journal.events import CallFinished, CallStarted
from chaoskit.units import SECOND

LATELY_NS = 10 * SECOND
"""What *lately* means on the page."""


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call that ended ``at``, after ``elapsed_ns``; None where its start was not seen."""

    at: Instant
    ok: bool
    elapsed_ns: int | None


@dataclass(slots=True)
class ClientRow:
    """Counts of one client since the console began to listen."""

    name: str
    started: int = 0
    ok: int = 0
    failed: int = 0
    attempts: int = 0
    error: str = ""
    under_way: dict[int, Instant] = field(default_factory=dict)
    recent: deque[EndedCall] = field(default_factory=lambda: deque(maxlen=5_000))

    def start(self, event: CallStarted) -> None:
        """A call began."""
        self.started += 1
        self.under_way[event.call] = event.at

    def finish(self, event: CallFinished) -> str:
        """A call ended. Returns *fail* or *succeed again* where that is news, else nothing."""
        begun = self.under_way.pop(event.call, None)
        ok = event.result == "ok"
        before = self.recent[-1].ok if self.recent else True
        self.recent.append(EndedCall(event.at, ok, None if begun is None else event.at - begun))
        self.ok += ok
        self.failed += not ok
        root = root_of(event.errors)
        if not ok:
            self.error = root.type.rsplit(".", 1)[-1] if root else "no error reported"
        if ok == before:
            return ""
        return "succeed again" if ok else f"fail ({self.error})"

    def snapshot(self, now: Instant, fault_ends: Instant | None) -> dict[str, Any]:
        """The row at ``now``. None stands for what is not known."""
        lately = [call for call in self.recent if now - call.at < LATELY_NS]
        took = sorted(call.elapsed_ns for call in lately if call.elapsed_ns is not None)
        return {
            "name": self.name,
            "calls": self.started,
            "ok": self.ok,
            "failed": self.failed,
            "attempts": self.attempts or None,
            "under_way": len(self.under_way),
            "longest_under_way_s": _seconds(now - min(self.under_way.values())) if self.under_way else None,
            "share_ok": sum(call.ok for call in lately) / len(lately) if lately else None,
            "median_s": _seconds(statistics.median_low(took)) if took else None,
            "p95_s": _seconds(took[max(0, -(-95 * len(took) // 100) - 1)]) if took else None,
            "back": self._back(now, fault_ends),
            "error": self.error if self.recent and not self.recent[-1].ok else "",
            "strip": [call.ok for call in list(self.recent)[-30:]],
        }

    def _back(self, now: Instant, fault_ends: Instant | None) -> dict[str, Any] | None:
        """When its first call succeeded that ended after the last fault did; None while no fault is over."""
        if fault_ends is None or now < fault_ends:
            return None
        first = next((call.at for call in self.recent if call.ok and call.at >= fault_ends), None)
        return {
            "after_s": None if first is None else _seconds(first - fault_ends),
            "waited_s": _seconds(now - fault_ends),
        }

    def medians(self, now: Instant, origin: Instant, window_s: int) -> list[tuple[float, float | None]]:
        """The median latency of the calls that ended in each second, at its middle; None for a second in which none did."""
        buckets: dict[int, list[int]] = defaultdict(list)
        for call in self.recent:
            if call.elapsed_ns is not None and now - call.at < window_s * SECOND:
                buckets[(call.at - origin) // SECOND].append(call.elapsed_ns)
        if not buckets:
            return []
        return [
            (number + 0.5, statistics.median_low(buckets[number]) / SECOND if number in buckets else None)
            for number in range(min(buckets), max(buckets) + 1)
        ]


def _seconds(ns: int) -> float:
    return round(ns / SECOND, 4)
