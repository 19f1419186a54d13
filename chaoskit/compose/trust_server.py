"""``python -m chaoskit.compose.trust_server [--port PORT] [--folder FOLDER]``: hands out the run's certificate authority over HTTP.

It serves ``ca.pem`` and nothing else of the folder, and ends at once on SIGTERM, which process 1 of a container would not hear otherwise
(pid_namespaces(7)).
"""

from __future__ import annotations

import argparse
import http.server
import signal
import sys
from pathlib import Path

AUTHORITY = "ca.pem"


def handler(folder: Path) -> type[http.server.BaseHTTPRequestHandler]:
    """A handler of requests that answers with the authority in ``folder``; 404 until it is there, and for all other paths."""

    class Trust(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                certificate = (folder / AUTHORITY).read_bytes() if self.path == f"/{AUTHORITY}" else b""
            except OSError:
                certificate = b""
            self.send_response(200 if certificate else 404)
            self.send_header("Content-Type", "application/x-pem-file")
            self.send_header("Content-Length", str(len(certificate)))
            self.end_headers()
            self.wfile.write(certificate)

    return Trust


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="chaoskit.compose.trust_server")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--folder", type=Path, default=Path("/chaoskit"))
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with http.server.ThreadingHTTPServer(("", given.port), handler(given.folder)) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
