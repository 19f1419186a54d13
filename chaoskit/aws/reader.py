"""What a connection has sent and nobody has read yet, with a look at it that never blocks.

A worker that waits for the rest of a request's head is a worker that others wait for. So the head is gathered here a bit at a time, as it
comes, and only a request whose head is whole gets a worker of its service.
"""

from __future__ import annotations

import re
import ssl
from typing import Any

MOST_HEAD = 1 << 16
"""Bytes of a head, more than any SDK sends; a longer one is handed on as it is, and refused."""

_CHUNK = 1 << 16
_REQUEST_LINE = re.compile(rb"(?:\r\n)?[A-Za-z]+ (?P<target>/[^ \r\n]*) HTTP/")


class Reader:
    """The reading end of a connection, as cheroot wants it: ``read``, ``readline``, ``has_data``, ``bytes_read``, ``close``.

    Raises ``OSError`` when the connection breaks.
    """

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._buffer = bytearray()
        self._ended = False
        self.closed = False
        self.bytes_read = 0

    def gather(self) -> bool:
        """Take what has come, without waiting. Returns whether the connection may still send something, or has a whole head here."""
        self._sock.settimeout(0)
        try:
            while not self._ended and not self.has_head:
                self._receive()
        except (ssl.SSLWantReadError, BlockingIOError):
            return True
        finally:
            self._sock.settimeout(None)
        return self.has_head

    @property
    def has_head(self) -> bool:
        """Whether a request's head is here whole, or too long to be one. A line's end without CR is left for the parser to refuse."""
        return b"\r\n\r\n" in self._buffer or b"\n\n" in self._buffer or len(self._buffer) > MOST_HEAD

    @property
    def head(self) -> bytes:
        """The head, as far as it is here."""
        return bytes(self._buffer[:MOST_HEAD]).partition(b"\r\n\r\n")[0]

    def hide_target(self) -> bytes | None:
        """Put ``/`` in place of the head's target, if that is a path, and return it as it was sent: none of its bytes is to be read."""
        line = _REQUEST_LINE.match(self._buffer)
        if line is None or line.end() > MOST_HEAD:
            return None
        target = bytes(line["target"])
        self._buffer[line.start("target") : line.end("target")] = b"/"
        return target

    def has_data(self) -> bool:
        """Whether there is something to do without waiting for the network: a whole head, or bytes that are decrypted already."""
        return self.has_head or bool(getattr(self._sock, "pending", lambda: 0)())

    def read(self, size: int | None = None) -> bytes:
        """Up to ``size`` bytes, less only at the end; all that comes until the end if it is None. Blocks."""
        while not self._ended and (size is None or len(self._buffer) < size):
            self._receive()
        return self._take(len(self._buffer) if size is None else size)

    def readline(self, size: int | None = None) -> bytes:
        """Up to and with the next line feed, at most ``size`` bytes. Blocks."""
        most = size if size is not None and size >= 0 else None
        while (end := self._buffer.find(b"\n", 0, most)) < 0:
            if self._ended or (most is not None and len(self._buffer) >= most):
                return self._take(len(self._buffer) if most is None else most)
            self._receive()
        return self._take(end + 1)

    def close(self) -> None:
        """Nothing more is read. The socket is closed by the connection."""
        self.closed = True

    def _receive(self) -> None:
        data = self._sock.recv(_CHUNK)
        self._buffer += data
        self._ended = not data

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        self.bytes_read += len(taken)
        return taken
