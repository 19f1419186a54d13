"""The two protocols of the shop's dependencies, as little of them as it needs, and a connection for every question."""

import socket
import struct

TIMEOUT_S = 1.0


def ask_cache(place: tuple[str, int], *words: str) -> bytes:
    """One Redis command; the first line of its answer (Redis serialization protocol specification)."""
    with socket.create_connection(place, timeout=TIMEOUT_S) as connection, connection.makefile("rb") as stream:
        parts = [f"${len(word)}\r\n{word}\r\n" for word in words]
        connection.sendall(f"*{len(words)}\r\n{''.join(parts)}".encode())
        line = stream.readline()
        if not line:
            raise ConnectionError("the cache closed the connection")
        return line.rstrip()


def ask_database(place: tuple[str, int], query: str) -> list[bytes]:
    """One query; the first column of its rows (PostgreSQL, "Message Formats")."""
    with socket.create_connection(place, timeout=TIMEOUT_S) as connection, connection.makefile("rb") as stream:
        words = b"user\0shop\0\0"
        connection.sendall(struct.pack("!ii", 8 + len(words), 196608) + words)
        _until_ready(stream)
        text = query.encode() + b"\0"
        connection.sendall(b"Q" + struct.pack("!i", 4 + len(text)) + text)
        return _until_ready(stream)


def _until_ready(stream) -> list[bytes]:
    rows = []
    while head := stream.read(5):
        kind, length = struct.unpack("!ci", head)
        body = stream.read(length - 4)
        if kind == b"E":
            raise RuntimeError(body.decode(errors="replace"))
        if kind == b"D":
            size = struct.unpack("!i", body[2:6])[0]
            rows.append(body[6 : 6 + size])
        if kind == b"Z":
            return rows
    raise ConnectionError("the database closed the connection")
