"""The shop's API. ``/items`` asks the cache and then the database; ``/health`` tells how the last of these questions went.

It looks both names up for every request, and waits a second for each answer. ``PORT``, ``DATABASE`` and ``CACHE`` say where things are.
"""

import os
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from wire import ask_cache, ask_database


def place(variable: str) -> tuple[str, int]:
    host, _, port = os.environ[variable].rpartition(":")
    return host, int(port)


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    healthy = True

    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(200 if Shop.healthy else 503, "ok" if Shop.healthy else "the database does not answer")
            return
        try:
            self.answer(200, self.items())
            Shop.healthy = True
        except (OSError, RuntimeError) as error:
            Shop.healthy = False
            print(f"{self.path}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            self.answer(500, f"{type(error).__name__}: {error}")

    def items(self) -> str:
        with suppress(OSError):  # the cache is there to be quick, not to be right
            ask_cache(place("CACHE"), "GET", "items")
        return ",".join(row.decode() for row in ask_database(place("DATABASE"), "SELECT name FROM items"))

    def answer(self, status: int, text: str) -> None:
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server(("127.0.0.1", int(os.environ["PORT"])), Shop).serve_forever()
