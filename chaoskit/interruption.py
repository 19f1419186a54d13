"""Signals that end what is under way in order: Ctrl-C, SIGTERM and SIGHUP become ``Interrupted`` after the clean-up."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from types import FrameType
from typing import Any, TypeVar

from chaoskit.errors import Interrupted

T = TypeVar("T")
Handler = Callable[[int, FrameType | None], object]

ABORT = signal.SIGUSR1
"""Ends a run before its time and keeps what it has shown until then."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def until_signalled(
    work: Coroutine[Any, Any, T], numbers: Iterable[int] = SIGNALS, ends: Callable[[int], bool] = lambda _: True
) -> T:
    """Await ``work``. A signal of ``numbers`` cancels it; when it has cleaned up, ``Interrupted`` is raised.

    ``ends`` is asked at each signal whether it does, and may pass it on instead.
    """
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    received: list[int] = []

    def end(number: int) -> None:
        if ends(number):
            received.append(number)
            task.cancel()

    for number in numbers:
        loop.add_signal_handler(number, end, number)
    try:
        return await task
    except asyncio.CancelledError:
        raise Interrupted(received[0] if received else signal.SIGINT) from None


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """For code that waits without an event loop: a signal raises ``Interrupted`` where it waits."""

    def stop(number: int, _: FrameType | None) -> None:
        raise Interrupted(number)

    with handled(dict.fromkeys(SIGNALS, stop)):
        yield


@contextlib.contextmanager
def handled(handlers: Mapping[int, Handler]) -> Iterator[None]:
    """Handle these signals so inside, and as before after it."""
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
