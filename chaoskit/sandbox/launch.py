"""Our end of the launcher (``launcher.py``): its command line, its plan, and its answers."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chaoskit.errors import PlaneError
from chaoskit.sandbox.namespace import WayIn

LAUNCHER = Path(__file__).with_name("launcher.py")


class CommandRefused(Exception):
    """The system would not start the command: ``strerror`` and ``errno`` say why."""

    def __init__(self, strerror: str, number: int) -> None:
        super().__init__(strerror)
        self.strerror = strerror
        self.errno = number


def launcher_argv(control: int) -> list[str]:
    """The launcher's command line; ``control`` is the number of the socket over which it is told everything."""
    return [sys.executable, "-I", "-S", str(LAUNCHER), str(control)]


def plan_line(way: WayIn, argv: Sequence[str], environment: Mapping[str, str], ignored: Sequence[int] = ()) -> bytes:
    """The launcher's plan: how to get in, what to become, and which signals to ignore."""
    plan = {**asdict(way), "argv": list(argv), "environment": dict(environment), "ignored": list(ignored)}
    return json.dumps(plan).encode() + b"\n"


async def read_answer(reader: asyncio.StreamReader, key: str) -> dict[str, Any]:
    """The launcher's next line. Raises ``CommandRefused`` if it is about the command, ``PlaneError`` for one without ``key``."""
    line = await reader.readline()
    answer: dict[str, Any] = json.loads(line) if line else {"error": "the launcher ended", "part": "sandbox"}
    if "error" in answer and answer["part"] == "command" and key == "started":
        raise CommandRefused(answer["error"], answer["errno"])
    if key not in answer:
        raise PlaneError(f"the command cannot get into the sandbox: {answer.get('error', answer)}")
    return answer
