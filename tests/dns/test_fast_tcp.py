"""The fast path of TCP against the general one, on streams cut anywhere."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.clock import VirtualClock
from chaoskit.dns.responder import Responder
from chaoskit.dns.server import Server
from chaoskit.dns.tcp import Connection, Connections
from chaoskit.dns.tcp_quick import BATCH, QuickTcp
from chaoskit.journal.events import QueryAnswered
from tests.dns.test_fast import FLIPS, query, questions, responder
from tests.effort import examples


class Never(QuickTcp):
    """No fast path."""

    def answer(self, *_: Any) -> bool:
        return False


class Stream(asyncio.Transport):
    """What a connection writes to."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.writes = 0

    def write(self, data: Any) -> None:
        self.written += data
        self.writes += 1

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 5353) if name == "peername" else Mock()  # a socket's options, for a reset

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass


class End:
    """A server's end of one connection."""

    def __init__(self, made: Responder, quick: type[QuickTcp]) -> None:
        self.clock = VirtualClock(1)
        self.log: list[QueryAnswered] = []
        self.server = Server(made, self.clock, self.log.append)
        self.connection = Connection(
            "cold", Connections(self.server.receive, self.server.fail), quick(self.server, "cold")
        )
        self.stream = Stream()
        self.connection.connection_made(self.stream)

    def close(self) -> None:
        assert not self.server.failed.done(), self.server.failed
        self.connection.connection_lost(None)


def framed(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


@settings(max_examples=examples(150), deadline=None)
@given(
    st.lists(st.tuples(st.lists(questions(), max_size=6), st.integers(0, 300), st.integers(0, 6)), max_size=6), FLIPS
)
def test_the_same_bytes_and_log_as_the_general_path(
    batches: list[tuple[list[bytes], int, int]], injections: list[Any]
) -> None:
    async def main() -> None:
        ends = [End(responder(*injections), quick) for quick in (QuickTcp, Never)]
        for batch, cut, passes in batches:
            stream = b"".join(map(framed, batch)) * 2
            for end in ends:
                for part in (stream[:cut], stream[cut:]):
                    end.connection.data_received(part)
                end.clock.advance(passes)
        fast, general = ends
        assert fast.stream.written == general.stream.written
        assert [event.plain() for event in fast.log] == [event.plain() for event in general.log]
        for end in ends:
            end.close()

    asyncio.run(main())


def test_many_questions_are_answered_with_one_write() -> None:
    async def main() -> None:
        end = End(responder(), QuickTcp)
        end.connection.data_received(framed(query(b"api.test")) * (BATCH + 10))
        assert (end.stream.writes, len(end.log)) == (2, BATCH + 10)
        end.close()

    asyncio.run(main())


def test_a_failure_of_ours_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        end = End(responder(), QuickTcp)
        monkeypatch.setattr(end.server.log, "batch", lambda *_: 1 // 0)
        end.connection.data_received(framed(query(b"api.test")))
        assert isinstance(end.server.failed.exception(), ZeroDivisionError)
        end.connection.connection_lost(None)

    asyncio.run(main())
