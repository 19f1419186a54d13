"""Answers to one asker that leave as one message: the same answers, fewer messages, and none lost where it cannot be done."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.journal.events import QueryAnswered
from tests.dns.test_fast import LOOPBACKS, Desk, GeneralUdp, injection, query, responder
from tests.effort import examples

udp_batched = pytest.importorskip("chaoskit.dns.udp_batched", exc_type=ImportError)


class Messages:
    """Stands in for ``sendmmsg``: notes how many answers each message has, and takes as much at once as it is told.

    ``error`` refuses joined messages, from the ``taken``-th on. ``moods`` are for the calls to come: 0 is interrupted, any other number is
    how many messages are taken at most.
    """

    def __init__(self, really: Any) -> None:
        self._really = really
        self.sizes: list[int] = []
        self.error = self.refused = self.taken = 0
        self.moods: list[int] = []

    def __call__(self, file: int, messages: int, count: int, flags: int) -> int:
        if not count:
            return int(self._really(file, messages, count, flags))
        most = self.moods.pop() if self.moods else count
        if not most:
            ctypes.set_errno(errno.EINTR)
            return -1
        table = (udp_batched.Message * count).from_address(messages)
        goes = 0
        for message in table[: min(most, count)]:
            if self.error and message.header.control_length:
                if not self.taken:
                    break
                self.taken -= 1
            goes += 1
        if not goes:
            self.refused += 1
            ctypes.set_errno(self.error)
            return -1
        self.sizes += [message.header.piece_count // 2 for message in table[:goes]]
        return int(self._really(file, messages, goes, flags))


def joined_test(
    test: Callable[[Desk, Desk, Messages], None],
    monkeypatch: pytest.MonkeyPatch,
    host: str = "127.0.0.1",
    injections: Sequence[Any] = (),
) -> None:
    messages = Messages(udp_batched.sendmmsg)
    monkeypatch.setattr(udp_batched, "sendmmsg", messages)

    async def main() -> None:
        fast, general = (Desk(path, responder(*injections), host) for path in (udp_batched.BatchedUdp, GeneralUdp))
        try:
            if not fast.path.joins:
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


@pytest.mark.parametrize("taken", [0, 1, 2])
@pytest.mark.parametrize(
    ("error", "for_good"), [(errno.EIO, True), (errno.EMSGSIZE, True), (errno.EINVAL, True), (errno.ENOBUFS, False)]
)
def test_where_it_cannot_be_cut_each_answer_goes_alone(
    monkeypatch: pytest.MonkeyPatch, error: int, for_good: bool, taken: int
) -> None:
    def test(fast: Desk, general: Desk, messages: Messages) -> None:
        batch = mixed(60)
        for desk in (fast, general):
            desk.ask(batch)
        messages.error, messages.taken = error, taken
        messages.sizes.clear()
        assert sorted(fast.ask(batch)) == sorted(general.ask(batch))
        assert sum(size for size in messages.sizes if size > 1) < 60, "not all of it was joined"
        messages.sizes.clear()
        assert sorted(fast.ask(batch)) == sorted(general.ask(batch))
        assert messages.sizes == [1] * 60
        assert messages.refused == (1 if for_good else 2)
        assert logged(fast) == logged(general)
        assert fast.server.ordinals == general.server.ordinals

    joined_test(test, monkeypatch)


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 140), st.lists(st.integers(0, 5), max_size=12)), min_size=1, max_size=6),
    st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=140, max_size=140),
)
def test_in_any_batch_each_query_is_answered_and_logged_once(
    turns: list[tuple[int, list[int]]], who: list[int]
) -> None:
    def test(fast: Desk, general: Desk, messages: Messages) -> None:
        more = [[_asker(desk), _asker(desk)] for desk in (fast, general)]
        for count, moods in turns:
            answers = []
            for desk, others in zip((fast, general), more, strict=True):
                messages.moods = list(moods) if desk is fast else []
                for asker, data in zip(who, mixed(count), strict=False):
                    (others[asker - 1] if asker else desk.asker).send(data)
                desk.path.read()
                assert not desk.server.failed.done(), desk.server.failed
                answers.append([sorted(_all(one)) for one in (desk.asker, *others)])
            assert answers[0] == answers[1]
        assert logged(fast, *more[0]) == logged(general, *more[1])
        assert fast.server.ordinals == general.server.ordinals
        for one in (one for others in more for one in others):
            one.close()

    with pytest.MonkeyPatch.context() as patch:
        joined_test(test, patch)


def logged(desk: Desk, *others: socket.socket) -> Counter[QueryAnswered]:
    """What was logged, with the asker's place among these in the place of its port."""
    places = {str(asker.getsockname()[1]): str(n) for n, asker in enumerate((desk.asker, *others))}
    return Counter(event.with_fields(peer=places[event.peer.rpartition(":")[2]]) for event in desk.log)


def _asker(desk: Desk) -> socket.socket:
    other = socket.socket(desk.udp.family, socket.SOCK_DGRAM)
    other.connect(desk.udp.getsockname())
    other.setblocking(False)
    return other


def _all(asker: socket.socket) -> Iterator[bytes]:
    with contextlib.suppress(BlockingIOError):
        while True:
            yield asker.recv(65535)


@pytest.mark.parametrize("before", [1, 5, 30])
def test_a_question_from_port_0_asks_nothing(monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    dice = [injection(1, "api.test", "empty", 0, 1 << 50, 0.5)]
    batch = [query(b"api.test", number=n) for n in range(40)]

    def test(fast: Desk, general: Desk, messages: Messages) -> None:
        for desk in (fast, general):
            desk.ask(batch)
        for _ in range(before):
            _from_port_0(fast, batch[0])
        messages.sizes.clear()
        assert sorted(fast.ask(batch)) == sorted(general.ask(batch)), "the dice are thrown as if it had not come"
        assert sum(messages.sizes) == 40
        assert fast.server.ordinals == general.server.ordinals
        _from_port_0(fast, batch[0])
        assert fast.ask([]) == []
        assert len(fast.log) == 80

    joined_test(test, monkeypatch, injections=dice)


def _from_port_0(desk: Desk, data: bytes) -> None:
    """Send what no socket of ours could."""
    try:
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    except PermissionError:
        pytest.skip("it takes CAP_NET_RAW to send from port 0")
    with raw:
        head = struct.pack("!4H", 0, desk.udp.getsockname()[1], 8 + len(data), 0)  # no checksum (RFC 768)
        raw.sendto(head + data, ("127.0.0.1", 0))


def test_several_askers_get_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def test(fast: Desk, _: Desk, messages: Messages) -> None:
        with _asker(fast) as other:
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
            assert not desk.path.joins
            assert len(desk.ask(mixed(60))) == 60
        finally:
            desk.close()

    asyncio.run(main())
