"""The child's end of the contract that every process of a run speaks.

A plane or client gets its plan as the first line on standard input, as JSON. It writes events, one JSON object a line, to
standard output: the first is its ready signal. Later lines on standard input are commands, such as
``{"do": "start", "origin": …}``. When standard input ends, the parent is gone, whatever killed it, and the child
ends at once: no orphan survives ``kill -9`` of the parent.

A client in any language can speak this; see ``docs/creating-a-client.md``.
"""

from __future__ import annotations

import json
import os
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from chaoskit.errors import ChaoskitError
from chaoskit.journal.codec import encode
from chaoskit.journal.events import Event, HarnessFailed

Command = dict[str, Any]

ALIVE_EVERY_S = 0.25
ALIVE = b'{"alive":'
"""How often a plane proves that it runs, and how such a line begins."""

PARENT_GONE = 125
"""Exit code of a child whose parent vanished."""


class Child:
    """Standard input and output as a contract. Make one, at the top of ``main``."""

    def __init__(self) -> None:
        # Events leave by a private copy of fd 1; fd 1 itself then points at stderr, so that a library's stray print cannot
        # damage the stream of events.
        self._out = os.dup(1)
        os.dup2(2, 1)
        self._received = b""
        self._lock = threading.Lock()

    def plan(self) -> dict[str, Any]:
        """Read the plan; call once, first."""
        line = self._read_line()
        if not line:
            os._exit(PARENT_GONE)
        plan: dict[str, Any] = json.loads(line)
        return plan

    def _read_line(self) -> bytes:
        """The next line with its newline; empty at the end of the input.

        By hand: a thread that waits in a buffered read holds a lock, and the interpreter aborts at exit for want of it; and an
        unbuffered file reads a line byte by byte.
        """
        while b"\n" not in self._received:
            more = os.read(0, 1 << 16)
            if not more:
                rest, self._received = self._received, b""
                return rest
            self._received += more
        line, _, self._received = self._received.partition(b"\n")
        return line + b"\n"

    def emit(self, event: Event) -> None:
        """Send one event; whole lines only, from any thread."""
        self.relay((encode(event) + "\n").encode())

    def relay(self, line: bytes) -> None:
        """Pass on a whole line, newline included, that a process of our own wrote."""
        data = line
        with self._lock:
            try:
                while data:
                    data = data[os.write(self._out, data) :]
            except BrokenPipeError:
                os._exit(PARENT_GONE)

    def prove_alive(self) -> None:
        """Tell the parent several times a second, on a thread of its own, that this process runs: lines that no journal keeps.

        A process that is stopped, or starved of its processor, does not; the parent then knows since when.
        """

        def beat() -> None:
            pause = threading.Event()
            while not pause.wait(ALIVE_EVERY_S):
                self.relay(b'{"alive":%d}\n' % time.monotonic_ns())

        threading.Thread(target=beat, name="alive", daemon=True).start()

    def leave(self, exit_code: int) -> NoReturn:
        """End the process at once, whatever hangs in it, but not in the middle of a line."""
        with self._lock:
            os._exit(exit_code)

    def fail(self, error: ChaoskitError) -> NoReturn:
        """End the run as one in which the harness failed, for the reason that ``error`` gives; who reads it knows whose it is."""
        self.emit(HarnessFailed(at=time.monotonic_ns(), part="", message=str(error)))
        self.leave(error.exit_code)

    def on_command(self, handle: Callable[[Command], None]) -> None:
        """Call ``handle`` with each further command, on a thread of its own; end the process when the parent is gone."""

        def read() -> None:
            try:
                while line := self._read_line():
                    handle(json.loads(line))
            except BaseException:  # noqa: BLE001 - a dead reader would never see the parent go
                traceback.print_exc()
                os._exit(ChaoskitError.exit_code)
            os._exit(PARENT_GONE)

        threading.Thread(target=read, name="parent", daemon=True).start()
