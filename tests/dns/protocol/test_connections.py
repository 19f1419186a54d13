"""DNS over TCP as RFC 7766 has it."""

from __future__ import annotations

import socket
import struct

import dns.message
import pytest

from tests.dns.protocol.plane import Way, receive, send


def query(number: int, name: str = "p.test", rtype: str = "A") -> bytes:
    message = dns.message.make_query(name, rtype)
    message.id = number
    return message.to_wire()


def number_of(answer: bytes) -> int:
    return int(struct.unpack_from("!H", answer)[0])


def test_rfc7766_6_2_1_a_connection_is_used_again(tcp: Way) -> None:
    with tcp.connect() as connection:
        for number in range(50):
            send(connection, query(number))
            assert number_of(receive(connection)) == number


def test_rfc7766_6_2_1_1_queries_in_one_segment_are_all_answered(tcp: Way) -> None:
    messages = [query(number, f"any{number}.wild.p.test") for number in range(300)]
    with tcp.connect() as connection:
        connection.sendall(b"".join(struct.pack("!H", len(message)) + message for message in messages))
        answers = [dns.message.from_wire(receive(connection)) for _ in messages]
    assert {answer.id: str(answer.question[0].name) for answer in answers} == {
        number: f"any{number}.wild.p.test." for number in range(300)
    }


def test_rfc7766_7_answers_come_as_they_are_ready(tcp: Way) -> None:
    with tcp.connect() as connection:
        for number, name in ((1, "slow.p.test"), (2, "p.test"), (3, "nothing.p.test")):
            send(connection, query(number, name))
        assert [number_of(receive(connection)) for _ in range(3)] == [2, 3, 1]


def test_rfc7766_8_a_message_may_come_byte_by_byte(tcp: Way) -> None:
    with tcp.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in struct.pack("!H", len(query(9))) + query(9):
            connection.sendall(bytes([byte]))
        assert number_of(receive(connection)) == 9


def test_rfc7766_6_2_4_a_half_closed_client_gets_its_answers(tcp: Way) -> None:
    with tcp.connect() as connection:
        send(connection, query(4, "slow.p.test"))
        connection.shutdown(socket.SHUT_WR)
        assert number_of(receive(connection)) == 4
        with pytest.raises(EOFError):
            receive(connection)


def test_rfc1035_4_2_2_over_tcp_nothing_is_truncated(tcp: Way) -> None:
    answer = tcp.ask("fat.p.test", "TXT")
    assert len(answer.answer[0]) == 200


def test_a_message_that_is_none_ends_no_connection(tcp: Way) -> None:
    with tcp.connect() as connection:
        for junk in (b"", b"x", b"\xff" * 11, query(1)[:2] + b"\x80" + query(1)[3:]):
            send(connection, junk)
        send(connection, query(5))
        assert number_of(receive(connection)) == 5


def test_rfc7766_6_2_2_one_slow_connection_holds_up_no_other(tcp: Way) -> None:
    with tcp.connect() as idle, tcp.connect() as busy:
        idle.sendall(b"\xff\xff" + b"half")
        send(busy, query(6))
        assert number_of(receive(busy)) == 6
