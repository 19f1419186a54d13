"""Signals while a search is under way: its runs are ended in order, and those that are complete are kept."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from chaoskit.errors import Interrupted

T = TypeVar("T")

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_guarded(search: Coroutine[Any, Any, T], folder: Path) -> T:
    """Run ``search`` to its end. Raises ``Interrupted`` on a signal, after the runs under way have cleaned up."""
    return asyncio.run(_guarded(search, folder))


async def _guarded(search: Coroutine[Any, Any, T], folder: Path) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(search)
    received: list[int] = []

    def end(number: int) -> None:
        received.append(number)
        task.cancel()

    for number in SIGNALS:
        loop.add_signal_handler(number, end, number)
    try:
        return await task
    except asyncio.CancelledError:
        error = Interrupted(received[0] if received else signal.SIGINT)
        error.args = (
            f"interrupted: the runs under way were cleaned up; go on with the same command and --out {folder}",
        )
        raise error from None
