"""The gate in the arena: every call passes it, is told to the supervisor, and waits there for its word."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from chaoskit.child import Command
from chaoskit.journal.codec import encode
from chaoskit.journal.events import HostedZoneChanged, ZoneChanged

CallKind: TypeAlias = Literal["read", "write"]
Via: TypeAlias = Literal["route53", "dns"]


@dataclass(frozen=True, slots=True)
class Order:
    """The supervisor's word on a held call.

    ``as_of`` is the version of the zone that a read is answered from (None: the current one). ``fail`` answers with a server's error,
    before or after it took effect. ``withhold`` lets it take effect and never answers. ``drop`` forgets it: it takes no effect at all.
    """

    as_of: int | None = None
    fail: Literal["before", "after"] | None = None
    withhold: bool = False
    drop: bool = False


@dataclass(frozen=True, slots=True)
class HeldCall:
    """A call as it is told: who sent it (``peer``, over ``transport``), and what it is about, in words."""

    peer: tuple[str, int]
    transport: Literal["udp", "tcp"]
    via: Via
    kind: CallKind
    what: str


Release: TypeAlias = Callable[[int, Order], object]
"""Lets a held call go: the number that it was told by, and its order. Called once, on any thread."""


class Gate:
    """Used by the threads of the front and the loop of the name server. ``tell`` sends one line to the supervisor."""

    def __init__(self, tell: Callable[[bytes], object]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._held: dict[int, Release] = {}

    def arrive(self, call: HeldCall, release: Release) -> None:
        """Hold a call until its order comes."""
        with self._lock:
            number = next(self._numbers)
            self._held[number] = release
        self.say(
            {
                "call": number,
                "peer": call.peer,
                "transport": call.transport,
                "via": call.via,
                "kind": call.kind,
                "what": call.what,
            }
        )

    def answered(
        self, number: int, result: str, version: int, changes: Sequence[ZoneChanged | HostedZoneChanged] = ()
    ) -> None:
        """Tell what became of a call: its ``result``, the zone's ``version`` that it read or made, and the changes it made."""
        events = [json.loads(encode(change)) for change in changes]
        self.say({"answered": number, "result": result, "version": version, "changes": events})

    def obey(self, command: Command) -> None:
        """The supervisor's command ``release``, which names a call that is held."""
        with self._lock:
            release = self._held.pop(command["call"], None)
        if release is not None:
            order = {key: command[key] for key in ("as_of", "fail", "withhold", "drop") if key in command}
            release(command["call"], Order(**order))

    def drop_all(self) -> None:
        """Forget every held call."""
        with self._lock:
            held, self._held = self._held, {}
        for number, release in held.items():
            release(number, Order(drop=True))

    def say(self, message: Mapping[str, Any]) -> None:
        """One line to the supervisor."""
        self._tell(json.dumps(message).encode() + b"\n")
