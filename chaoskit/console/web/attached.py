"""What a console beside something else listens to: a journal that grows, or the event feed of a control API."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from chaoskit.dns.breakage import QueryFailed
from chaoskit.dns.control.event_stream import InjectionBegun, InjectionEnded, ZonesSwapped
from chaoskit.errors import InputError
from chaoskit.journal.codec import decode, decode_entry, version_of
from chaoskit.journal.events import Entry
from chaoskit.journal.upgrade import from_version_1

POLL_S = 0.25

_CONTROL_EVENTS = {kind.kind: kind for kind in (InjectionBegun, InjectionEnded, ZonesSwapped, QueryFailed)}


def follow_journal(path: Path, hear: Callable[[Entry], None], stop: threading.Event) -> None:
    """Tell every entry of a journal, and those that are added, until ``stop``; a renamed folder is no end of it.

    Raises ``InputError`` for a line that is none.
    """
    with path.open("rb") as file:
        rest, upgrade, begun = b"", None, False
        while not stop.is_set():
            rest += file.read(1 << 20)
            *lines, rest = rest.split(b"\n")
            for line in lines:
                if not begun:
                    begun, upgrade = True, from_version_1 if version_of(line) == 1 else None
                try:
                    hear(decode_entry(line, upgrade))
                except ValueError as error:
                    raise InputError(f"{path}: not a journal line ({str(error).splitlines()[0]})") from error
            if not lines:
                stop.wait(POLL_S)


def feed_event(text: str) -> Any:
    """The event of one block of a control API's feed; None for a comment, and for a kind that is not known here."""
    data = next((line[len("data: ") :] for line in text.splitlines() if line.startswith("data: ")), None)
    if data is None:
        return None
    fields = json.loads(data)
    kind = _CONTROL_EVENTS.get(fields.get("kind"))
    if kind is not None:
        return kind(**{name: value for name, value in fields.items() if name != "kind"})
    return None if fields.get("kind") == "lost" else decode(data)


def blocks(lines: Iterator[bytes]) -> Iterator[str]:
    """Server-sent events, a block each, of the lines of an answer (HTML standard, "Server-sent events")."""
    block = b""
    for line in lines:
        if line.strip():
            block += line
        elif block:
            yield block.decode()
            block = b""
