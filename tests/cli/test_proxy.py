"""``chaoskit proxy`` as a real process: a Toxiproxy configuration served, steered by the API, and ended."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaoskit.journal.codec import decode
from chaoskit.journal.events import ConnectionClosed, ConnectionOpened

PATIENCE_S = 60


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "chaoskit", "proxy", "--listen", "127.0.0.1:0", *words]


def refused(*words: str) -> str:
    """What it says on standard error to what cannot be, with exit code 2."""
    ended = subprocess.run(command(*words), capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    return ended.stderr


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a service that sends back what comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    while data := connection.recv(1 << 16):
                        connection.sendall(data)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_a_configuration_is_served_and_steered(tmp_path: Path, echo: int) -> None:
    config, events = tmp_path / "toxiproxy.json", tmp_path / "events.jsonl"
    entries: list[dict[str, Any]] = [
        {"name": "redis", "listen": "127.0.0.1:0", "upstream": f"localhost:{echo}"},
        {"name": "off", "listen": "127.0.0.1:0", "upstream": "db.example:5432", "enabled": False, "toxics": []},
    ]
    config.write_text(json.dumps(entries))
    with subprocess.Popen(
        command("--config", str(config), "--events", str(events)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(4)]
        api = re.fullmatch(r"Toxiproxy's API: http://(127\.0\.0\.1:\d+)\n", printed[0])
        redis = re.fullmatch(rf"  redis: 127\.0\.0\.1:(\d+) → localhost:{echo}\n", printed[1])
        assert api
        assert redis
        assert printed[2:] == ["  off: 127.0.0.1:0 → db.example:5432 (switched off)\n", "Ctrl-C ends it.\n"]
        with socket.create_connection(("127.0.0.1", int(redis[1])), timeout=PATIENCE_S) as client:
            client.sendall(b"ping")
            assert client.recv(9) == b"ping"
            connection = http.client.HTTPConnection(api[1], timeout=PATIENCE_S)
            body = json.dumps({"type": "limit_data", "attributes": {"bytes": 0}})
            connection.request("POST", "/proxies/redis/toxics", body)
            assert connection.getresponse().status == 200
            connection.close()
            client.sendall(b"ping")
            assert client.recv(9) == b""
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert complaints == f"{config}:1: toxics of off is not read from a file, as in Toxiproxy; add toxics by the API\n"
    opened, closed = map(decode, events.read_text().splitlines())
    assert isinstance(opened, ConnectionOpened)
    assert isinstance(closed, ConnectionClosed)
    assert closed.toxics == ("limit_data_downstream",)


def test_a_bad_configuration_is_refused_before_anything_starts(tmp_path: Path) -> None:
    config, events = tmp_path / "toxiproxy.json", tmp_path / "events.jsonl"
    config.write_text('[\n  {"name": "a", "upstream": "127.0.0.1:1"},\n  {"name": "b"}\n]')
    complaint = refused("--config", str(config), "--events", str(events))
    assert f"{config}:3: proxy 2 ('b').upstream: is missing." in complaint
    assert not events.exists()


def test_nothing_listens_beyond_loopback_without_the_word(tmp_path: Path) -> None:
    assert "say --beyond-loopback if that is meant" in refused("--listen", "0.0.0.0:0")
    config = tmp_path / "toxiproxy.json"
    for everywhere in ("0.0.0.0:0", "[::]:0", ":0", "192.0.2.1:0"):
        config.write_text(json.dumps([{"name": "a", "listen": everywhere, "upstream": "127.0.0.1:1"}]))
        assert "say --beyond-loopback if that is meant" in refused("--config", str(config))


def test_an_address_that_is_taken_leaves_nothing_behind(tmp_path: Path, echo: int) -> None:
    events, config = tmp_path / "events.jsonl", tmp_path / "toxiproxy.json"
    assert f"--listen 127.0.0.1:{echo}" in refused("--listen", f"127.0.0.1:{echo}", "--events", str(events))
    config.write_text(json.dumps([{"name": "a", "listen": f"127.0.0.1:{echo}", "upstream": "127.0.0.1:1"}]))
    complaint = refused("--config", str(config), "--events", str(events))
    assert f"proxy 'a': listen tcp 127.0.0.1:{echo}: bind: address already in use" in complaint
    assert not events.exists()


def test_a_toxic_unknown_to_toxiproxy_is_refused_before_the_run(tmp_path: Path) -> None:
    words = ["run", "network/recycled-pool", "--toxiproxy", "/bin/false", "--out", str(tmp_path / "runs")]
    ended = subprocess.run(
        [sys.executable, "-m", "chaoskit", *words], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "recycle: this toxic is the embedded proxy's own, and Toxiproxy has no such" in ended.stderr
    assert not (tmp_path / "runs").exists()
