"""The two ways in which client tests see a client: a stand-in for its ``Child``, and a real process of it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, TypeVar

from chaoskit.child import Child
from chaoskit.journal.codec import decode
from chaoskit.journal.events import Event, HarnessFailed

E = TypeVar("E")

FAKE_AWS = {
    "AWS_ACCESS_KEY_ID": "fake",
    "AWS_SECRET_ACCESS_KEY": "fake",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
"""All that a client's environment holds in these tests: nothing of the real one gets in."""

NEVER_ANSWERS = """
import socket, threading
def never(*args, **kwargs):
    threading.Event().wait()
socket.getaddrinfo = never
"""
"""A resolver for a process under test, run before it."""


class Left(BaseException):
    """The process would have ended with this code."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(code)


class FakeChild(Child):
    """Keeps events instead of writing them, and raises instead of ending the process."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._guard = threading.Lock()

    def emit(self, event: Event) -> None:
        with self._guard:
            self.events.append(event)

    def leave(self, exit_code: int) -> NoReturn:
        raise Left(exit_code)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


@dataclass
class ClientProcess:
    """``python -m chaoskit.clients.<use>`` with its plan read, ``prelude`` run before it. Killed at the end of the block."""

    use: str
    plan: dict[str, Any]
    prelude: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> ClientProcess:
        module = f"chaoskit.clients.{self.use}"
        program = f"{self.prelude}\nimport runpy\nrunpy.run_module({module!r}, run_name='__main__')"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env={**FAKE_AWS, **self.environment},
        )
        self.send(self.plan)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def send(self, command: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def next(self) -> Event:
        """The next event; fails when the process ended instead."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, f"the process ended: {self.process.stderr.read().decode() if self.process.stderr else ''}"
        return decode(line)

    def rest(self) -> list[Event]:
        """Every event until the process ends by itself."""
        assert self.process.stdout
        return [decode(line) for line in self.process.stdout]

    def exit_code(self) -> int:
        """Wait for the end, but not for ever."""
        return self.process.wait(60)

    def failure(self) -> str:
        """Why it ended by itself, in the words of its last event, a ``HarnessFailed``."""
        last = self.rest()[-1]
        assert isinstance(last, HarnessFailed), last
        return last.message

    def complaint(self) -> str:
        """What it wrote to standard error."""
        assert self.process.stderr
        return self.process.stderr.read().decode()
