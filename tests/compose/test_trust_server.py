"""The server of the certificate authority: one file, and an end when it is told."""

from __future__ import annotations

import contextlib
import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaoskit.compose.trust_server import handler


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(tmp_path)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_it_serves_the_authority_and_nothing_else(served: str, tmp_path: Path) -> None:
    (tmp_path / "aws-credentials").write_text("fake")
    assert status(f"{served}/ca.pem") == 404
    (tmp_path / "ca.pem").write_bytes(b"-----BEGIN")
    with urllib.request.urlopen(f"{served}/ca.pem", timeout=30) as answer:
        assert answer.read() == b"-----BEGIN"
    assert status(f"{served}/aws-credentials") == status(f"{served}/") == status(f"{served}/../ca.pem") == 404


def test_it_ends_on_sigterm_as_process_1_too(tmp_path: Path) -> None:
    """Process 1 of a pid namespace hears a signal only if it has a handler for it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "chaoskit.compose.trust_server", "--port", str(port), "--folder", str(tmp_path)]
    with subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", *words]
    ) as unshare:
        try:
            if not _answers(port, unshare):
                pytest.skip("no pid namespace can be made here")
            (child,) = Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text().split()
            os.kill(int(child), signal.SIGTERM)
            assert unshare.wait(30) == 0
        finally:
            unshare.kill()


def _answers(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Whether it has come to listen; False when it has ended instead."""
    while process.poll() is None:
        try:
            return status(f"http://127.0.0.1:{port}/ca.pem") == 404
        except urllib.error.URLError:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
    return False
