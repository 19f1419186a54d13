"""From Route 53 to the DNS server: each change of a hosted zone that a zone follows is passed on as it is told.

A listener of the journal, so nothing is asked for and nothing waits: a change is on its way as soon as the mock AWS has said it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from chaoskit.dns.names import canonical
from chaoskit.journal.events import Entry, HostedZoneChanged


class ZoneForwarder:
    """Calls ``send`` with a command for the DNS process for each change of a zone among ``followed``."""

    def __init__(self, followed: Iterable[str], send: Callable[[dict[str, Any]], object]) -> None:
        self._followed = frozenset(map(canonical, followed))
        self._send = send

    def __call__(self, entry: Entry) -> None:
        event = entry.event
        if isinstance(event, HostedZoneChanged) and event.zone in self._followed:
            self._send(
                {
                    "do": "follow",
                    "zone": event.zone,
                    "author": event.change,
                    "effective_at": event.effective_at,
                    "names": [name.plain() for name in event.names],
                }
            )
