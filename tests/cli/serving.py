"""A real ``chaoskit serve`` process for tests, and a client that shares no code with it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.message
import dns.query

Say = Callable[..., tuple[int, str, str]]
"""The fixture ``say``: words of a command to its exit code, standard output and standard error."""

ZONE = """\
$ORIGIN example.com.
$TTL 5
@ SOA ns hostmaster 1 2h 15m 2w 5m
@ NS ns
ns A 192.0.2.53
api A 192.0.2.1
"""

PATIENCE_S = 60.0
"""After which a test that waits for a condition gives up: long, because the machine may be busy."""


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "chaoskit", *words]


@dataclass(frozen=True)
class Look:
    """One answer to ``api.example.com``: asked and answered when, on the shared monotonic base, and its addresses."""

    asked: int
    answered: int
    addresses: tuple[str, ...]


@dataclass
class Served:
    """The process, where its DNS is, and what it printed."""

    process: subprocess.Popen[str]
    control: str
    port: int
    printed: str

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*words), capture_output=True, text=True, timeout=PATIENCE_S, env=self.environment, check=False
        )

    def json(self, *words: str) -> Any:
        result = self.run(*words, "--json")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(command(*words), stdout=subprocess.PIPE, text=True, env=self.environment)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"CHAOSKIT_CONTROL": self.control}

    def look(self, name: str = "api.example.com") -> Look:
        query = dns.message.make_query(name, "A")
        asked = time.monotonic_ns()
        answer = dns.query.udp(query, "127.0.0.1", port=self.port, timeout=PATIENCE_S)
        addresses = tuple(str(item) for rrset in answer.answer for item in rrset)
        return Look(asked, time.monotonic_ns(), addresses)

    def look_until_honest(self) -> list[Look]:
        """Ask again and again until addresses come back."""
        looks = [self.look()]
        while not looks[-1].addresses:
            assert looks[-1].answered - looks[0].asked < PATIENCE_S * 1e9, "still blank"
            looks.append(self.look())
        return looks


@contextmanager
def serving(folder: Path, *more: str, zone: str = "example.zone") -> Iterator[Served]:
    """``chaoskit serve`` on a free port and a Unix socket in ``folder``; ended at the end. ``zone``: FILE or NAME=FILE, with ``ZONE``."""
    with _serving(folder, f"unix:{folder / 'control'}", more, zone) as served:
        yield served


@contextmanager
def serving_over_tcp(folder: Path, *more: str) -> Iterator[Served]:
    """The same with the control API at a free TCP port, where a browser can come."""
    with _serving(folder, "127.0.0.1:0", more, "example.zone") as served:
        control = re.search(r"control:  (http://\S+)", served.printed)
        assert control, served.printed
        served.control = control[1]
        yield served


@contextmanager
def _serving(folder: Path, control: str, more: tuple[str, ...], zone: str) -> Iterator[Served]:
    apex, equals, file = zone.rpartition("=")
    (folder / file).write_text("@ 5 A 192.0.2.99\n" if apex else ZONE)
    words = command(
        "serve", "--zone", f"{apex}{equals}{folder / file}", "--listen", "127.0.0.1:0", "--control", control, *more
    )
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        printed = ""
        try:
            for line in process.stdout:
                printed += line
                if line.startswith("Ctrl-C"):
                    break
            where = re.search(r"answers DNS on 127\.0\.0\.1:(\d+)", printed)
            assert where, printed + process.stderr.read()
            yield Served(process, control, int(where[1]), printed)
        finally:
            process.kill()
