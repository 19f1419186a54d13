"""The arena's parts in a process of the test's own: what they tell, and a channel that keeps what is sent."""

from __future__ import annotations

import json
import queue
from dataclasses import dataclass, field
from typing import Any, Literal

from chaoskit.hunt.gate import Gate


class Heard:
    """A gate whose lines are taken up one by one, from whatever thread they come."""

    def __init__(self) -> None:
        self.lines: queue.Queue[dict[str, Any]] = queue.Queue()
        self.gate = Gate(lambda line: self.lines.put(json.loads(line)))

    def next(self) -> dict[str, Any]:
        return self.lines.get(timeout=30)

    def release(self, number: int, **order: Any) -> None:
        self.gate.obey({"do": "release", "call": number, **order})


@dataclass(eq=False)
class FakeChannel:
    """Keeps the messages of answers; ``dropped`` counts messages without one."""

    peer: tuple[str, int] = ("127.0.0.1", 4242)
    transport: Literal["udp", "tcp"] = "udp"
    label: str = "A"
    sent: list[bytes] = field(default_factory=list)
    dropped: int = 0

    def send(self, *messages: bytes) -> bool:
        self.sent += messages
        return True

    def hang_up(self, *, reset: bool, begun: bytes = b"", drip_ns: int = 0) -> bool:
        raise AssertionError("nobody hangs up here")

    def refuse(self, size: int) -> bool:
        raise AssertionError("nobody refuses here")

    def drop(self) -> None:
        self.dropped += 1
