"""A sample app: ``/orders`` asks a cache without a time-out and then a database with one; it tries nothing twice."""

import os
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DATABASE_TIMEOUT_S = 1.0


def place(variable: str) -> tuple[str, int]:
    host, _, port = os.environ[variable].rpartition(":")
    return host, int(port)


def cached(key: str) -> bool:
    with socket.create_connection(place("CACHE")) as connection:  # no time-out: this is what the survey is to find
        connection.sendall(f"*2\r\n$3\r\nGET\r\n${len(key)}\r\n{key}\r\n".encode())
        return connection.recv(64).startswith(b"$-1")


def orders() -> None:
    with socket.create_connection(place("DATABASE"), timeout=DATABASE_TIMEOUT_S) as connection:
        words = b"user\0sample\0\0"
        connection.sendall((8 + len(words)).to_bytes(4) + (196608).to_bytes(4) + words)
        if not connection.recv(64).startswith(b"R"):
            raise ConnectionError("the database closed the connection")


class Api(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = 200
        if self.path == "/orders":
            try:
                cached("orders")
                orders()
            except OSError:
                status = 500
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server(("127.0.0.1", int(os.environ["PORT"])), Api).serve_forever()
