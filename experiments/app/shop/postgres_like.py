"""As much of PostgreSQL as a shop needs: it lets anybody in, and answers every query with the same two rows.

It knows the simple and the extended query protocol (PostgreSQL, "Message Flow"), so that real drivers can ask it.
"""

import os
import socketserver
import struct

ROWS = (b"apple", b"pear")
TEXT = 25  # the type OID of text


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", 4 + len(body)) + body


READY = message(b"Z", b"I")
COLUMN = message(b"T", struct.pack("!h", 1) + b"name\0" + struct.pack("!ihihih", 0, 0, TEXT, -1, -1, 0))
DATA = b"".join(message(b"D", struct.pack("!hi", 1, len(row)) + row) for row in ROWS)
DONE = message(b"C", b"SELECT %d\0" % len(ROWS))
ANSWERS = {
    b"Q": COLUMN + DATA + DONE + READY,
    b"P": message(b"1"),
    b"B": message(b"2"),
    b"D": COLUMN,
    b"E": DATA + DONE,
    b"C": message(b"3"),
    b"S": READY,
}


class Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while True:
            head = self.rfile.read(8)
            if len(head) < 8:
                return
            length, code = struct.unpack("!ii", head)
            self.rfile.read(length - 8)
            if code == 196608:
                break
            self.wfile.write(b"N")  # a request for TLS, or for GSSAPI: not here
        self.wfile.write(message(b"R", struct.pack("!i", 0)) + message(b"S", b"server_version\x0017.0\0") + READY)
        while head := self.rfile.read(5):
            kind, length = struct.unpack("!ci", head)
            body = self.rfile.read(length - 4)
            if kind == b"X":
                return
            if kind == b"D" and body.startswith(b"S"):
                self.wfile.write(message(b"t", struct.pack("!h", 0)))
            self.wfile.write(ANSWERS.get(kind, b""))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


Server(("127.0.0.1", int(os.environ["PORT"])), Connection).serve_forever()
