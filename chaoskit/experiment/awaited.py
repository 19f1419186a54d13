"""Windows that wait for something a client lives through: ``when: {from: 5s, for: 60s, until: {client: app, failed_calls: 3}}``.

The runner lets a ``Watch`` listen to the journal. When what a window waits for has come, the window ends ``NOTICE_NS`` later. The planes
and the journal are told of it now, so it ends at the same instant everywhere, and the run is judged by the window that there was.
"""

from __future__ import annotations

import re
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


_FAILED_CALLS = re.compile(r"(\d+) failed calls of (.+)", re.DOTALL)


def await_failed_calls(client: str, count: int) -> str:
    """The timeline's name for the event that the ``count``-th call of ``client`` since the window's beginning has failed."""
    return f"{count} failed calls of {client}"


@dataclass(slots=True)
class _Awaited:
    injection: Injection[Any, Any]
    window: Until
    client: str
    left: int


class Watch:
    """A listener of the journal for the run whose 0 s is ``origin``. Calls ``tell`` once for each window whose event has come."""

    def __init__(self, injections: Sequence[Injection[Any, Any]], origin: Instant, tell: Tell) -> None:
        self._waiting = [
            _Awaited(one, one.when, found[2], int(found[1]))
            for one in injections
            if isinstance(one.when, Until) and (found := _FAILED_CALLS.fullmatch(one.when.event))
        ]
        self._origin = origin
        self._tell = tell

    def __call__(self, entry: Entry) -> None:
        event = entry.event
        if not isinstance(event, CallFinished) or event.result != "failed":
            return
        for one in tuple(self._waiting):
            if event.client != one.client or not one.window.active(event.at - self._origin):
                continue
            one.left -= 1
            if one.left == 0:
                self._waiting.remove(one)
                cut = InjectionCut(
                    at=event.at,
                    injection=one.injection.id,
                    ends=event.at + NOTICE_NS,
                    because=one.window.event,
                    evidence=entry.seq,
                )
                self._tell(cut)
