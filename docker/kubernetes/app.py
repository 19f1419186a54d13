"""Somebody's app of two services: ``web`` answers /health after a read of DynamoDB; ``worker`` reads in a loop and prints how it went."""

from __future__ import annotations

import contextlib
import http.server
import signal
import sys
import threading

import boto3
from botocore.config import Config

KEY = {"id": {"S": "1"}}


def read() -> str:
    """One read on a connection of its own, as after a deploy; what the SDK said."""
    try:
        client = boto3.client("dynamodb", config=Config(connect_timeout=2, read_timeout=2))
        with contextlib.closing(client):
            client.get_item(TableName="chaoskit", Key=KEY)
    except Exception as error:  # noqa: BLE001 - whatever the SDK raises is what the app shows
        return f"{type(error).__name__}: {error}"
    return "ok"


class Health(http.server.BaseHTTPRequestHandler):
    """200 when the read went well, else 503."""

    def do_GET(self) -> None:
        said = read()
        body = said.encode()
        self.send_response(200 if said == "ok" else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main() -> None:
    """``web`` or ``worker``, as the command line says, until SIGTERM, which process 1 of a container hears only if it handles it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if sys.argv[1] == "web":
        http.server.ThreadingHTTPServer(("", 8080), Health).serve_forever()
    while not threading.Event().wait(0.5):
        sys.stdout.write(read() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
