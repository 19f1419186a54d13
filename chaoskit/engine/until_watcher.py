"""Windows that wait for something a client lives through: ``until: {client: app, failed_calls: 3}``.

The runner lets a ``UntilWatcher`` listen to the journal. When what a window waits for has come, the window ends ``NOTICE_NS`` later.
The planes and the journal are told of it now, so it ends at the same instant everywhere, and the run is judged by that window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chaoskit.clock import Instant
from chaoskit.journal.events import CallFinished, Entry, InjectionCut
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.window import Until
from chaoskit.units import MILLISECOND

NOTICE_NS = 50 * MILLISECOND
"""From an order to its instant (0 s of the experiment, or a window's end): every process has read it by then."""

Tell = Callable[[InjectionCut], object]
"""Is told of a window that has ended early; ``because`` is the event's name in the timeline."""


@dataclass(slots=True)
class _Awaited:
    injection: Injection[Any, Any]
    window: Until
    left: int


class UntilWatcher:
    """A listener of the journal for the run whose 0 s is ``origin``. Calls ``tell`` once for each window whose event has come."""

    def __init__(self, injections: Sequence[Injection[Any, Any]], origin: Instant, tell: Tell) -> None:
        self._waiting = [
            _Awaited(injection, injection.when, injection.when.failed_calls)
            for injection in injections
            if isinstance(injection.when, Until)
        ]
        self._origin = origin
        self._tell = tell

    def __call__(self, entry: Entry) -> None:
        event = entry.event
        if not isinstance(event, CallFinished) or event.result != "failed":
            return
        for awaited in tuple(self._waiting):
            if event.client != awaited.window.client or not awaited.window.active(event.at - self._origin):
                continue
            awaited.left -= 1
            if awaited.left == 0:
                self._waiting.remove(awaited)
                cut = InjectionCut(
                    at=event.at,
                    injection=awaited.injection.id,
                    ends=event.at + NOTICE_NS,
                    because=awaited.window.event,
                    evidence=entry.seq,
                )
                self._tell(cut)
