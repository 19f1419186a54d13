"""The memory that ``sendmmsg`` reads: never freed while the kernel may read it, and put together right for every batch."""

from __future__ import annotations

import asyncio
import ctypes
import gc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chaoskit.dns.faults import FAULTS
from chaoskit.dns.message import Answer, Record
from chaoskit.dns.target import DnsTarget
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.window import Once
from tests.dns.test_fast import Desk, GeneralUdp, query, responder
from tests.effort import THOROUGH

udp_batched = pytest.importorskip("chaoskit.dns.udp_batched", exc_type=ImportError)


class Gathered:
    """Stands in for ``sendmmsg``: before it lets the kernel read, everything that may be freed is, and its memory is written over."""

    def __init__(self, really: Any) -> None:
        self._really = really
        self.answers: list[bytes] = []
        self.joined = 0

    def __call__(self, file: int, messages: int, count: int, flags: int) -> int:
        gc.collect()
        rubble = [bytes([0xDB]) * size for size in range(16, 4096, 16) for _ in range(4)]
        table = (udp_batched.Message * count).from_address(messages)
        for message in table:
            header = message.header
            pieces = (udp_batched.Piece * header.piece_count).from_address(header.pieces)
            self.joined += header.piece_count > 2
            self.answers.append(b"".join(ctypes.string_at(piece.base, piece.length) for piece in pieces))
        del rubble
        return int(self._really(file, messages, count, flags))


def desk_test(test: Callable[[Desk, Desk], None], *injections: Any) -> None:
    async def main() -> None:
        desks = [Desk(path, responder(*injections), "127.0.0.1") for path in (udp_batched.BatchedUdp, GeneralUdp)]
        try:
            test(*desks)
        finally:
            for desk in desks:
                desk.close()

    asyncio.run(main())


class Swapping:
    """A fault that never becomes a template, and that has the server's responder replaced in the middle of a batch."""

    def __init__(self) -> None:
        self.desk: Desk | None = None

    def apply(self, query: Any, reply: Any, at: int, rng: Any) -> Any:
        rng.random()
        if self.desk is not None:
            self.desk.server.responder = replace(self.desk.server.responder)
        return Answer(records=(Record(query.name, "A", 1, "127.0.0.77"),))


def test_no_template_is_freed_while_the_kernel_may_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    gathered = Gathered(udp_batched.sendmmsg)
    monkeypatch.setattr(udp_batched, "sendmmsg", gathered)
    swapping = Swapping()

    def test(fast: Desk, general: Desk) -> None:
        turns = 20 if THOROUGH else 4
        for turn in range(turns):
            # Old and new names, with the one in between that replaces the responder while answers wait to be sent.
            names = [b"n%d.api.test" % (turn * 3 + n) for n in range(6)] * 2
            names[10:10] = [b"slow.api.test"]
            batch = [query(name, number=n + 1) for n, name in enumerate([*names, b"API.test", *names[::-1]])]
            swapping.desk = fast
            answers = fast.ask(batch)
            swapping.desk = None
            assert sorted(answers) == sorted(general.ask(batch))
        assert len(gathered.answers) > 5 * turns, "the kernel was given templates"
        assert gathered.joined or not fast.path.joins, "some of them joined"
        assert not any(b"\xdb\xdb" in answer for answer in gathered.answers)

    desk_test(test, Injection("swap", DnsTarget("slow.api.test"), Once(0, 1 << 60), swapping))


def test_an_arena_keeps_what_it_was_given_where_it_was() -> None:
    arena = udp_batched.Arena()
    given = [bytes([n % 251]) * (1 + n * 37 % 5000) for n in range(400)]  # several chunks
    places = [arena.add(data) for data in given]
    assert [ctypes.string_at(place, len(data)) for place, data in zip(places, given, strict=True)] == given
    assert len(arena.chunks) > 1


def test_what_is_larger_than_a_chunk_has_a_chunk_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chaoskit.dns.arena.ARENA_CHUNK", 64)
    arena = udp_batched.Arena()
    place = arena.add(b"x" * 100)
    arena.add(b"y")
    assert ctypes.string_at(place, 100) == b"x" * 100


@pytest.mark.parametrize("count", [1, 127, 128, 129, 200])
def test_more_than_a_batch_at_once(count: int) -> None:
    def test(fast: Desk, general: Desk) -> None:
        batch = [query(b"api.test" if n % 3 else b"n%d.API.test" % n, number=n) for n in range(count)]
        for _ in range(2):
            assert sorted(fast.ask(batch)) == sorted(general.ask(batch))
        assert len(fast.log) == 2 * count

    desk_test(test)


def test_rows_are_ready_before_the_change_they_are_for(monkeypatch: pytest.MonkeyPatch) -> None:
    blank = FAULTS.get("empty")()
    turns: Any = [Injection(f"i{n}", DnsTarget("api.test"), Once(20 * n + 10, 10), blank) for n in range(5)]

    def test(fast: Desk, general: Desk) -> None:
        asked = [query(b"api.test"), query(b"many.api.test")]
        for desk in (fast, general):
            for _ in range(5):
                desk.ask(asked)
        for _ in range(9):
            for desk in (fast, general):
                desk.clock.advance(10)
            with monkeypatch.context() as during:
                during.setattr(fast.path, "row", lambda *_: pytest.fail("a row was not ready"))
                answers = fast.ask(asked)
            assert sorted(answers) == sorted(general.ask(asked))
            for _ in range(5):
                fast.ask(asked)

    desk_test(test, *turns)


def test_rows_made_ready_are_not_used_for_another_state() -> None:
    blank: Any = Injection("i", DnsTarget("api.test"), Once(10, 10), FAULTS.get("empty")())

    def test(fast: Desk, general: Desk) -> None:
        asked = [query(b"api.test")]
        for _ in range(5):
            fast.ask(asked)
        kept = fast.server.responder
        fast.server.responder = replace(kept, timeline=replace(kept.timeline, injections=()))
        fast.clock.advance(10)
        (answer,) = fast.ask(asked)
        assert answer[7] == 1, "the blank was taken away before it began"
        fast.server.responder = kept
        (answer,) = fast.ask(asked)
        assert answer[7] == 0

    desk_test(test, blank)


def test_a_change_is_neither_early_nor_late_by_a_nanosecond() -> None:
    blank: Any = Injection("i", DnsTarget("api.test"), Once(11, 10), FAULTS.get("empty")())

    def test(fast: Desk, general: Desk) -> None:
        seen = []
        for _ in range(30):
            answers = [fast.ask([query(b"api.test")])[0] for _ in range(4)]
            assert len(set(answers)) == 1
            seen.append((fast.clock.now(), answers[0][7] == 0))
            fast.clock.advance(1)
        assert [at for at, is_blank in seen if is_blank] == list(range(11, 21))

    desk_test(test, blank)


def test_nothing_came_after_all() -> None:
    def test(fast: Desk, general: Desk) -> None:
        assert fast.ask([]) == []  # as when the kernel finds a checksum wrong

    desk_test(test)


def test_what_the_system_call_refuses_takes_the_general_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """The call is refused for the second datagram of each batch; a header that was written over is put right."""
    send, refused = udp_batched.sendmmsg, 0

    def refuse(file: int, messages: int, count: int, flags: int) -> int:
        nonlocal refused
        if refused:
            refused -= 1
            ctypes.set_errno(1)
            return -1
        if count > 1:
            refused += 1
        return int(send(file, messages, min(count, 1), flags))

    def test(fast: Desk, general: Desk) -> None:
        questions = [query(name) for name in (b"api.test", b"API.test", b"api.TEST", b"www.api.test")]
        wanted = general.ask(questions)
        monkeypatch.setattr(udp_batched, "sendmmsg", refuse)
        assert sorted(fast.ask(questions)) == sorted(wanted)
        assert len(fast.log) == len(general.log)
        assert not fast.server.failed.done()

    desk_test(test)


def test_without_the_system_calls_the_plain_loop_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    from chaoskit.dns.udp import udp_loop
    from chaoskit.dns.udp_plain import PlainUdp

    def refuse(*_: Any) -> int:
        ctypes.set_errno(38)
        return -1

    def test(fast: Desk, general: Desk) -> None:
        assert isinstance(udp_loop(fast.server, fast.udp, "x", "batched"), udp_batched.BatchedUdp)
        for call in ("recvmmsg", "sendmmsg"):
            with monkeypatch.context() as forbidden:
                forbidden.setattr(udp_batched, call, refuse)
                assert isinstance(udp_loop(fast.server, fast.udp, "x", "batched"), PlainUdp)

    desk_test(test)
