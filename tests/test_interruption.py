"""Signals become ``Interrupted`` after the clean-up, and are handled as before when it is over."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from chaoskit.errors import Interrupted
from chaoskit.interruption import SIGNALS, handled, interruptible, until_signalled


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_work_after_its_clean_up(number: signal.Signals) -> None:
    done = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            done.append("cleaned up")

    with pytest.raises(Interrupted) as raised:
        asyncio.run(until_signalled(work()))
    assert (raised.value.exit_code, done) == (128 + number, ["cleaned up"])


def test_what_is_not_interrupted_gives_its_result() -> None:
    async def work() -> int:
        return 7

    assert asyncio.run(until_signalled(work())) == 7


@pytest.mark.parametrize("number", SIGNALS)
def test_code_without_a_loop_is_interrupted_where_it_waits(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Interrupted) as raised, interruptible():
        signal.raise_signal(number)
    assert raised.value.exit_code == 128 + number
    assert signal.getsignal(number) is before


def test_handlers_are_as_before_even_after_an_error() -> None:
    heard: list[int] = []

    def fail() -> None:
        signal.raise_signal(signal.SIGHUP)
        raise ZeroDivisionError

    before = signal.getsignal(signal.SIGHUP)
    with pytest.raises(ZeroDivisionError), handled({signal.SIGHUP: lambda number, _: heard.append(number)}):
        fail()
    assert heard == [signal.SIGHUP]
    assert signal.getsignal(signal.SIGHUP) is before


def test_a_signal_that_ends_nothing_is_only_told() -> None:
    told: list[int] = []

    def ends(number: int) -> bool:
        told.append(number)
        return number == signal.SIGUSR2

    async def work() -> None:
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            os.kill(os.getpid(), number)
        await asyncio.Event().wait()

    with pytest.raises(Interrupted) as raised:
        asyncio.run(until_signalled(work(), (signal.SIGUSR1, signal.SIGUSR2), ends))
    assert (raised.value.exit_code, sorted(told)) == (128 + signal.SIGUSR2, [signal.SIGUSR1, signal.SIGUSR2])
