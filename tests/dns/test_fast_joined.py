"""Answers to one asker that leave as one message: the same answers, fewer messages, and none lost where it cannot be done."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import socket
from collections.abc import Callable
from typing import Any

import pytest

from tests.dns.test_fast import LOOPBACKS, Desk, GeneralUdp, query, responder

udp_batched = pytest.importorskip("chaoskit.dns.udp_batched", exc_type=ImportError)


class Messages:
    """Stands in for ``sendmmsg``: counts answers of each message, and refuses what is joined with ``error`` if that is set."""

    def __init__(self, really: Any) -> None:
        self._really = really
        self.sizes: list[int] = []
        self.error = 0

    def __call__(self, file: int, messages: int, count: int, flags: int) -> int:
        table = (udp_batched.Message * count).from_address(messages)
        taken = 0
        for message in table:
            if self.error and message.header.control_length:
                break
            taken += 1
        if not taken:
            ctypes.set_errno(self.error)
            return -1
        self.sizes += [message.header.piece_count // 2 for message in table[:taken]]
        return int(self._really(file, messages, taken, flags))


def joined_test(
    test: Callable[[Desk, Desk, Messages], None], monkeypatch: pytest.MonkeyPatch, host: str = "127.0.0.1"
) -> None:
    messages = Messages(udp_batched._sendmmsg)
    monkeypatch.setattr(udp_batched, "_sendmmsg", messages)

    async def main() -> None:
        fast, general = (Desk(path, responder(), host) for path in (udp_batched.BatchedUdp, GeneralUdp))
        try:
            if not fast.path._joins:
                pytest.skip("this kernel has no UDP_SEGMENT (it came with Linux 4.18)")
            test(fast, general, messages)
        finally:
            fast.close()
            general.close()

    asyncio.run(main())


def mixed(count: int) -> list[bytes]:
    """Questions whose answers have a few sizes, in turn, some with their case changed."""
    names = [b"api.test", b"many.api.test", b"odd.api.test", b"API.test", b"no.api.test"]
    return [query(names[n % len(names)], number=n) for n in range(count)]


@pytest.mark.parametrize("host", LOOPBACKS)
def test_answers_of_one_size_to_one_asker_are_one_message(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    def test(fast: Desk, general: Desk, messages: Messages) -> None:
        batch = mixed(120)
        fast.ask(batch)  # now they are templates
        messages.sizes.clear()
        answers = fast.ask(batch)
        assert sorted(answers) == sorted(general.ask(batch))
        assert len(messages.sizes) == len({len(answer) for answer in answers}) < 6
        assert sum(messages.sizes) == 120

    joined_test(test, monkeypatch, host)


def test_a_message_takes_no_more_than_a_kernel_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    def test(fast: Desk, general: Desk, messages: Messages) -> None:
        batch = [query(b"api.test", number=n) for n in range(128)]
        fast.ask(batch)
        messages.sizes.clear()
        assert sorted(fast.ask(batch)) == sorted(general.ask(batch))
        assert messages.sizes == [64, 64]
        monkeypatch.setattr(udp_batched, "JOINED_BYTES", 10 * len(fast.ask(batch[:1])[0]))
        messages.sizes.clear()
        assert sorted(fast.ask(batch)) == sorted(general.ask(batch))
        assert messages.sizes == [10] * 12 + [8]
        monkeypatch.setattr(udp_batched, "JOINED_LONGEST", 20)
        messages.sizes.clear()
        assert sorted(fast.ask(batch)) == sorted(general.ask(batch))
        assert messages.sizes == [1] * 128

    joined_test(test, monkeypatch)


@pytest.mark.parametrize("error", [errno.EIO, errno.EMSGSIZE, errno.EINVAL])
def test_where_it_cannot_be_cut_each_answer_goes_alone(monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    def test(fast: Desk, general: Desk, messages: Messages) -> None:
        batch = [query(b"many.api.test", number=500), *mixed(60)]
        for desk in (fast, general):
            desk.ask(batch)
        messages.error = error
        for _ in range(2):
            messages.sizes.clear()
            assert sorted(fast.ask(batch)) == sorted(general.ask(batch))
            assert messages.sizes == [1] * 61
        assert len(fast.log) == len(general.log) == 3 * 61
        assert fast.server.ordinals == general.server.ordinals

    joined_test(test, monkeypatch)


def test_several_askers_get_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def test(fast: Desk, _: Desk, messages: Messages) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.connect(fast.udp.getsockname())
            other.setblocking(False)
            batch = mixed(60)
            fast.ask(batch)
            for number in range(20):
                other.send(query(b"api.test", number=1000 + number))
            messages.sizes.clear()
            assert {answer[:2] for answer in fast.ask(batch)} == {question[:2] for question in batch}
            theirs = {other.recv(4096)[:2] for _ in range(20)}
            assert theirs == {number.to_bytes(2, "big") for number in range(1000, 1020)}
            assert messages.sizes == [1] * 80

    joined_test(test, monkeypatch)


def test_a_kernel_that_cannot_is_not_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp_batched, "UDP_SEGMENT", 250)  # no such option

    async def main() -> None:
        desk = Desk(udp_batched.BatchedUdp, responder(), "127.0.0.1")
        try:
            assert not desk.path._joins
            assert len(desk.ask(mixed(60))) == 60
        finally:
            desk.close()

    asyncio.run(main())
