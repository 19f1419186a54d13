"""As much of PostgreSQL or of Redis as the sample needs; ``PAUSE`` is how many seconds an answer takes."""

import os
import socketserver
import threading

ANSWERS = {"postgres": b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I", "redis": b"$-1\r\n"}


class Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while self.request.recv(4096):
            threading.Event().wait(float(os.environ.get("PAUSE", "0")))
            self.request.sendall(ANSWERS[os.environ["SPEAKS"]])


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


Server(("127.0.0.1", int(os.environ["PORT"])), Connection).serve_forever()
