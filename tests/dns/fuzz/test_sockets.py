"""Anything at all, sent to the process: every message gets exactly the answer of the general path, whatever came before it."""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
from collections import Counter
from collections.abc import Iterator

import dns.message
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dns.fuzz.properties import Transport, answer_of, zones
from tests.dns.fuzz.strategies import messages
from tests.dns.protocol.plane import PATIENCE_S, Plane, Way, receive, running, send, udp_paths
from tests.effort import examples

FUZZ = settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
LAST = dns.message.make_query("p.test", "SOA", id=0xFFFF).to_wire()


@pytest.fixture(scope="module", params=udp_paths())
def plane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    with running(request.param, tmp_path_factory.mktemp("fuzz")) as found:
        yield found


def expected(sent: list[bytes], transport: Transport) -> list[bytes]:
    answers = (answer_of(data, transport, zones()) for data in sent)
    return [answer for answer in answers if answer is not None]


@given(sent=st.lists(messages, min_size=1, max_size=12))
@FUZZ
def test_datagrams(plane: Plane, sent: list[bytes]) -> None:
    with Way(plane, "127.0.0.1", "udp").connect() as udp:
        for data in [*sent, LAST]:
            udp.send(data)
        answers = [udp.recv(65535)]
        while answers[-1][:2] != LAST[:2] or len(answers) < len(expected([*sent, LAST], "udp")):
            answers.append(udp.recv(65535))
        udp.setblocking(False)
        with pytest.raises(BlockingIOError):
            udp.recv(65535)
    assert answers == expected([*sent, LAST], "udp")


@given(
    sent=st.lists(messages, min_size=1, max_size=12),
    cuts=st.lists(st.integers(0, 2000), max_size=8),
    half=st.sampled_from([b"", b"\xff", b"\xff\xff", b"\xff\xff half", b"\x00\x20" + LAST[:20]]),
)
@FUZZ
def test_streams(plane: Plane, sent: list[bytes], cuts: list[int], half: bytes) -> None:
    whole = b"".join(struct.pack("!H", len(data)) + data for data in [*sent, LAST]) + half
    places = [0, *sorted(cut for cut in cuts if cut < len(whole)), len(whole)]
    with Way(plane, "127.0.0.1", "tcp").connect() as tcp:
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start, end in itertools.pairwise(places):
            tcp.sendall(whole[start:end])
        wanted = expected([*sent, LAST], "tcp")
        assert Counter(receive(tcp) for _ in wanted) == Counter(wanted)
        tcp.shutdown(socket.SHUT_WR)
        assert tcp.recv(1) == b"", "nothing follows, and half a message is given up with its sender"


def test_who_leaves_in_the_middle_leaves_nothing_behind(plane: Plane) -> None:
    way = Way(plane, "127.0.0.1", "tcp")
    for ending in range(300):
        with way.connect() as tcp:
            if ending % 3:
                tcp.sendall(struct.pack("!H", len(LAST)) + LAST[: 5 * ending % len(LAST)])
            if ending % 2:  # with RST, while the answer may be under way
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert way.exchange(LAST) == answer_of(LAST, "tcp", zones())


def test_more_connections_than_there_is_room_for(plane: Plane) -> None:
    way = Way(plane, "127.0.0.1", "tcp")
    crowd = [way.connect() for _ in range(600)]
    try:
        for one in crowd[:100]:
            one.sendall(b"\xff\xff" + b"half")
        assert way.exchange(LAST) == answer_of(LAST, "tcp", zones())
        with contextlib.suppress(ConnectionResetError):
            assert crowd[0].recv(1) == b"", "the one that was idle for longest made room"
    finally:
        for one in crowd:
            one.close()


def ask_for_ever(deaf: socket.socket, questions: bytes) -> None:
    asked = 0
    while asked < 64 << 20:  # more than any socket buffers
        asked += deaf.send(questions)


def test_who_reads_no_answers_holds_up_nobody(plane: Plane) -> None:
    way = Way(plane, "127.0.0.1", "tcp")
    fat = dns.message.make_query("fat.p.test", "TXT").to_wire()
    with way.connect() as deaf, way.connect() as other:
        deaf.setblocking(False)
        with pytest.raises(BlockingIOError):  # the server stops reading: its memory does not fill with answers
            ask_for_ever(deaf, (struct.pack("!H", len(fat)) + fat) * 100)
        send(other, LAST)
        assert receive(other) == answer_of(LAST, "tcp", zones())


def test_a_datagram_of_any_length(plane: Plane) -> None:
    with Way(plane, "127.0.0.1", "udp").connect() as udp:
        udp.settimeout(PATIENCE_S)
        for length in (0, 1, 11, 4095, 4096, 4097, 9000, 65507):
            udp.send((LAST[:12] + b"\x3f" * 70_000)[:length])
            if length > 11:
                assert len(udp.recv(65535)) == 12
        udp.send(LAST)
        assert udp.recv(65535) == answer_of(LAST, "udp", zones())
