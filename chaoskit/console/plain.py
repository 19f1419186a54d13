"""Progress for logs and pipes: a line when a phase changes or something breaks, and a status line now and then.

Events drive it, so it needs no timer: a quiet run prints nothing.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from chaoskit.clock import Instant
from chaoskit.console.state import ClientState, RunState, tenths
from chaoskit.fold import folded
from chaoskit.journal.events import CallFinished, Entry, RunEnded, RunStarted
from chaoskit.units import SECOND

if TYPE_CHECKING:
    from rich.console import Console

STATUS_EVERY_NS = 5 * SECOND
"""Time of the experiment between two status lines."""


class PlainView:
    """A journal listener that prints lines. Use it as a context manager, like ``LiveView``."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._state = RunState()
        self._told_starting = 0
        self._told_notices = 0
        self._status_due: Instant | None = None
        self._told: Instant | None = None

    def __enter__(self) -> PlainView:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to restore."""

    def __call__(self, entry: Entry) -> None:
        """Take in one entry, and print what it makes worth telling."""
        state, at = self._state, max(self._state.latest, entry.event.at)
        # The status of a phase must be told before its counts start anew.
        if state.phase_at(at) != state.phase and state.phase != "starting":
            self._status(at)
        changed = state.settle_phase(at)
        state(entry)
        if isinstance(entry.event, RunStarted):
            self._print(state.title)
        for words in state.starting[self._told_starting :]:
            self._print(f"starting: {words}")
        self._told_starting = len(state.starting)
        if changed and state.phase != "ended":
            self._print(f"{self._time(at)}  {state.phase}{self._until(at)}")
            self._status_due = at + STATUS_EVERY_NS
        for notice in state.notices[self._told_notices :]:
            self._print(f"{self._time(at)}  ERROR {notice}")
        self._told_notices = len(state.notices)
        if isinstance(entry.event, CallFinished) and self._status_due is not None and at >= self._status_due:
            self._status(at)
            self._status_due = at + STATUS_EVERY_NS
        if isinstance(entry.event, RunEnded):
            if self._told is None or at - self._told > SECOND:
                self._status(at)
            word = "aborted" if entry.event.aborted else "ended"
            self._print(f"{self._time(at)}  run {word}: {entry.event.reason}")

    def _status(self, at: Instant) -> None:
        if not any(client.started for client in self._state.clients.values()):
            return
        self._told = at
        clients = " | ".join(_brief(client, at) for client in self._state.clients.values())
        self._print(f"{self._time(at)}    record {self._state.record_words()} | {clients}")

    def _until(self, at: Instant) -> str:
        if self._state.held is not None or at < self._state.resumes:
            return ""
        change = self._state.next_change(at)
        return f", for {tenths(change - at)}" if change is not None else ""

    def _time(self, at: Instant) -> str:
        origin = self._state.origin
        return f"{(at - origin) / SECOND:6.1f} s" if origin is not None else "   --  s"

    def _print(self, line: str) -> None:
        self._console.print(folded(line, self._console.file), markup=False, highlight=False, soft_wrap=True)


def _brief(client: ClientState, at: Instant) -> str:
    words = client.now(at)
    tail = f", {words}" if words not in ("ok", "ready") else ""
    return f"{client.name} {client.phase_ok}/{client.phase_done} ok{tail}"
