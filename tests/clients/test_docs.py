"""docs/creating-a-client.md holds what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

from chaoskit.journal.codec import decode
from chaoskit.journal.events import CallFinished, CallStarted, ClientReady

GUIDE = (Path(__file__).parents[2] / "docs" / "creating-a-client.md").read_text()


def test_every_line_that_comes_out_is_an_event() -> None:
    lines = re.findall(r"^< (.*)$", GUIDE, re.MULTILINE)
    assert len(lines) == 7
    kinds = [decode(line).kind for line in lines]
    assert kinds[0] == "client_ready"
    assert set(kinds) == {"client_ready", "call_started", "call_finished", "attempt_started", "attempt_finished"}


def test_the_smallest_client_speaks_the_contract() -> None:
    program = re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert program
    with subprocess.Popen(
        [sys.executable, "-c", program.group(1)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdin
        assert client.stdout
        plan = {"client": "app", "name": "127.0.0.1", "every_ns": 200_000_000}  # an address: no resolver is asked
        client.stdin.write(json.dumps(plan) + "\n")
        client.stdin.flush()
        ready = decode(client.stdout.readline())
        origin = time.monotonic_ns()
        client.stdin.write(json.dumps({"do": "start", "origin": origin, "ends": origin + 500_000_000}) + "\n")
        client.stdin.flush()
        events = [decode(line) for line in client.stdout]
        assert client.wait(60) == 0
    assert isinstance(ready, ClientReady)
    started = [event for event in events if isinstance(event, CallStarted)]
    finished = [event for event in events if isinstance(event, CallFinished)]
    assert started
    assert [event.call for event in started] == [event.call for event in finished] == list(range(1, len(started) + 1))
    assert {event.result for event in finished} == {"ok"}
    assert all((event.due - origin) % 200_000_000 == 0 for event in started)
