"""``chaoskit serve`` with few descriptors and many who take them: DNS is answered, and the operator can halt it."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
from pathlib import Path

import dns.message
import dns.query
import pytest

from chaoskit.clock import WallClock
from tests.cli.serving import PATIENCE_S, ZONE, command

MANY = 300


@pytest.mark.slow
def test_more_idle_connections_than_descriptors_end_nothing(tmp_path: Path) -> None:
    (tmp_path / "zone").write_text(ZONE)
    control = f"unix:{tmp_path / 'control'}"
    words = command("serve", "--zone", str(tmp_path / "zone"), "--listen", "127.0.0.1:0", "--control", control)
    limited = ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh", *words]
    with subprocess.Popen(limited, stdout=subprocess.PIPE, text=True) as process, contextlib.ExitStack() as stack:
        stack.callback(process.kill)
        assert process.stdout is not None
        printed = ""
        while "Ctrl-C" not in printed:
            printed += process.stdout.readline()
        where = re.search(r"answers DNS on 127\.0\.0\.1:(\d+)", printed)
        assert where
        port = int(where[1])
        for _ in range(MANY):
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S))
            knock = stack.enter_context(socket.socket(socket.AF_UNIX))

            knock.connect(str(tmp_path / "control"))
        query = dns.message.make_query("api.example.com", "A")
        assert dns.query.udp(query, "127.0.0.1", port=port, timeout=PATIENCE_S).answer
        assert dns.query.tcp(query, "127.0.0.1", port=port, timeout=PATIENCE_S).answer
        halted = subprocess.run(
            command("halt", "--control", control), capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert halted.returncode == 0, halted.stderr
        assert process.poll() is None, "it lives"
        begun = WallClock().now()
        process.terminate()
        process.wait(PATIENCE_S)
        assert process.returncode == 0, f"ended after {WallClock().now() - begun} ns"
