"""The live view of a run in a terminal, and the choice between it and plain lines."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING

from chaoskit.clock import Clock, Instant
from chaoskit.console.plain import PlainView
from chaoskit.console.state import ClientState, RunState, tenths
from chaoskit.journal.events import Entry
from chaoskit.units import SECOND

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

REFRESH_PER_S = 4
"""Low on purpose: the view shares the machine with the clients that are being measured."""


def make_view(console: Console, clock: Clock) -> LiveView | PlainView:
    """The view that suits ``console``: live in a terminal that can move its cursor, plain lines elsewhere."""
    if console.is_terminal and not console.is_dumb_terminal:
        return LiveView(console, clock)
    return PlainView(console)


class LiveView:
    """A journal listener with a picture that moves. Use it as a context manager; leaving it, by whatever way, restores the terminal.

    Entries may come from one thread while the picture is drawn by another.
    """

    def __init__(self, console: Console, clock: Clock) -> None:
        from rich.live import Live

        self._clock = clock
        self._console = console
        self._state = RunState()
        self._lock = threading.Lock()
        self._live = Live(console=console, refresh_per_second=REFRESH_PER_S, get_renderable=self.picture)

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def __call__(self, entry: Entry) -> None:
        """Take in one entry."""
        with self._lock:
            self._state.settle_phase(entry.event.at)
            self._state(entry)

    def picture(self) -> RenderableType:
        """The present picture."""
        from rich.console import Group

        now = self._clock.now()
        with self._lock:
            self._state.settle_phase(now)
            return Group(
                *_head(self._state, now), _table(self._state, now, self._console.width), *_notices(self._state)
            )


def _head(state: RunState, now: Instant) -> list[RenderableType]:
    from rich.text import Text

    lines = [Text(state.title or "starting", style="bold", overflow="ellipsis", no_wrap=True)]
    if state.phase == "starting":
        latest = state.starting[-1] if state.starting else "…"
        return [*lines, Text(f"starting: {latest}", style="dim", overflow="ellipsis", no_wrap=True)]
    phase = Text(no_wrap=True, overflow="ellipsis")
    if state.origin is not None:
        phase.append(f"{(now - state.origin) / SECOND:5.1f} s  ")
    change = state.next_change(now)
    if change is not None and state.ended is None:
        phase.append(f"{'end' if change == state.ends else 'next change'} in {tenths(change - now)}  ")
    faulty = state.phase.startswith("fault")
    phase.append(f" {state.phase} ", style="bold reverse red" if faulty else "bold reverse")
    words = state.record_words()
    record = Text(no_wrap=True, overflow="ellipsis")
    record.append("record ", style="dim").append(words, style=_record_style(words))
    record.append("   sandbox ", style="dim").append(state.sandbox or "none")
    return [*lines, phase, record]


def _record_style(words: str) -> str:
    if words == "answering":
        return "green"
    return "dim" if words.startswith(("withheld", "not asked")) else "bold red"


def _table(state: RunState, now: Instant, width: int) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("client", no_wrap=True, max_width=16)
    for heading in ("calls", "ok", "failed", "phase"):
        table.add_column(heading, justify="right", no_wrap=True)
    strip = min(24, max(8, width - 74))
    table.add_column("recent", no_wrap=True, width=strip)
    table.add_column("now", no_wrap=True, overflow="ellipsis")
    for client in state.clients.values():
        share = f"{100 * client.phase_ok // client.phase_done} %" if client.phase_done else "–"
        counts = [Text(str(count)) for count in (client.started, client.ok)]
        failed = Text(str(client.failed), style="red" if client.failed else "")
        table.add_row(Text(client.name), *counts, failed, Text(share), _strip(client, strip), Text(client.now(now)))
    return table


def _strip(client: ClientState, width: int) -> Text:
    """The latest calls, oldest first: a full block is a success, a cross a failure."""
    from rich.text import Text

    text = Text()
    for ok in list(client.recent)[-width:]:
        text.append("▪" if ok else "×", style="green" if ok else "bold red")
    return text


def _notices(state: RunState) -> list[RenderableType]:
    from rich.text import Text

    lines: list[RenderableType] = [Text(f"ERROR {notice}", style="bold red") for notice in state.notices[-3:]]
    if state.ended not in (None, "finished"):
        lines.append(Text(f"run ended: {state.ended}", style="bold yellow"))
    return lines
