"""What real resolvers make of each fault: ``python -m docs.resolvers.measure`` writes ``docs/resolvers/measured.json``.

Needs Linux with user namespaces, gcc, musl-gcc, go, node and a JDK. It makes a network namespace in which chaoskit's DNS listens
on 127.0.0.1:53, and has each runtime look one name up, in a fresh process, with nothing but a nameserver line in resolv.conf. What it
notes is what the program printed, the queries of chaoskit's own log, and the time from the first query to the end of the
program. Nothing else is reached.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import dns.message
import dns.query

from chaoskit.journal.codec import decode
from chaoskit.journal.events import PlaneReady, QueryAnswered
from chaoskit.sandbox.reaper import loopback_up

HERE = Path(__file__).parent
NAME = "api.example"
FOREVER_NS = 1 << 62
SECOND = 1_000_000_000

RECORDS = [
    *({"name": NAME, "rtype": "A", "ttl": 5, "data": f"127.0.0.{n}"} for n in (1, 2, 3, 4)),
    {"name": NAME, "rtype": "AAAA", "ttl": 5, "data": "::1"},
    {"name": "other.example", "rtype": "A", "ttl": 5, "data": "127.0.0.77"},
]

CASES: dict[str, dict[str, Any]] = {
    "address": {"to": ["127.0.0.99", "::1"]},
    "cname": {"to": "other.example"},
    "delay": {"by": 2 * SECOND},
    "drop": {},
    "duplicate": {},
    "empty": {},
    "garbage": {"place": "header", "count": 10},
    "hangup": {},
    "lame": {},
    "no_edns": {},
    "nxdomain": {},
    "oversize": {"by": 100},
    "rcode": {"code": "NOTIMP"},
    "refused": {},
    "rotate": {},
    "servfail": {},
    "spoof": {"a": "127.0.0.99"},
    "subset": {"keep": 1},
    "truncate": {},
    "ttl": {"to": 0},
    "wrong_id": {},
    "wrong_question": {},
}
"""The fault of each case, with the parameters that it is measured with. ``hangup`` is met over TCP, so answers over UDP are truncated."""


def programs(folder: Path) -> dict[str, list[str]]:
    """Build what is to be built; the command of each runtime."""
    source = str(HERE / "lookup.c")
    subprocess.run(["gcc", "-o", folder / "glibc", source], check=True)
    subprocess.run(["musl-gcc", "-static", "-o", folder / "musl", source], check=True)
    go = os.environ | {"CGO_ENABLED": "0", "GOCACHE": str(folder / "cache"), "GOFLAGS": "-mod=mod"}
    subprocess.run(["go", "build", "-o", folder / "golang", HERE / "lookup.go"], check=True, env=go)
    subprocess.run(["javac", "-d", folder, HERE / "Lookup.java"], check=True)
    return {
        "glibc": [str(folder / "glibc"), NAME],
        "musl": [str(folder / "musl"), NAME],
        "JVM": ["java", "-cp", str(folder), "Lookup", NAME],
        "Go": [str(folder / "golang"), NAME],
        "Node": ["node", str(HERE / "lookup.js"), NAME],
    }


def versions() -> dict[str, str]:
    """Of the runtimes."""

    def first_line(*command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True)
        return (done.stdout or done.stderr).splitlines()[0].strip()

    musl = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "musl"], capture_output=True, text=True).stdout
    return {
        "glibc": " ".join(platform.libc_ver()),
        "musl": f"musl {musl}",
        "JVM": first_line("java", "--version"),
        "Go": first_line("go", "version"),
        "Node": first_line("node", "--version"),
    }


def injections(kind: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """The case's, and what brings it about."""
    always = {"once": {"start": 0, "length": FOREVER_NS}}
    found = [{"id": "case", "where": {"name": NAME}, "when": always, "fault": {kind: parameters}}]
    if kind == "hangup":
        udp = {"name": NAME, "transports": ["udp"]}
        found.append({"id": "udp", "where": udp, "when": always, "fault": {"truncate": {}}})
    return found


class Plane:
    """chaoskit's DNS process at 127.0.0.1:53."""

    def __init__(self, faults: list[dict[str, Any]]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "chaoskit.dns"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        zone = {"apex": "example", "records": RECORDS}
        listener = {"label": "libc", "host": "127.0.0.1", "port": 53}
        self.tell({"seed": 1, "listeners": [listener], "zones": [zone], "injections": faults})
        assert isinstance(self.event(), PlaneReady)
        self.tell({"do": "arm", "origin": time.monotonic_ns()})

    def tell(self, line: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def event(self) -> Any:
        assert self.process.stdout
        return decode(self.process.stdout.readline())

    def queries(self, mark: str) -> list[QueryAnswered]:
        """Everything asked so far; a question for ``mark`` shows where that ends."""
        dns.query.udp(dns.message.make_query(f"{mark}.mark.example", "A"), "127.0.0.1", timeout=10)
        found: list[QueryAnswered] = []
        while (event := self.event()).name != f"{mark}.mark.example":
            found.append(event)
        return [event for event in found if event.name == NAME]


def measure(command: list[str], plane: Plane, mark: str) -> dict[str, Any]:
    """One lookup."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    ended = time.monotonic_ns()
    queries = plane.queries(mark)
    took = (ended - queries[0].at) / 1e6 if queries else 0
    return {
        "said": done.stdout.strip() or f"exit {done.returncode}",
        "udp": sum(query.transport == "udp" for query in queries),
        "tcp": sum(query.transport == "tcp" for query in queries),
        "ms": round(took),
    }


def inside() -> None:
    """In the namespace: all cases."""
    loopback_up()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for target, text in (("resolv.conf", "nameserver 127.0.0.1\n"), ("nsswitch.conf", "hosts: files dns\n")):
            (folder / target).write_text(text)
            subprocess.run(["mount", "--bind", folder / target, Path("/etc", target).resolve()], check=True)
        commands = programs(folder)
        found: dict[str, Any] = {"versions": versions(), "cases": {}}
        for kind, parameters in {"": {}, **CASES}.items():
            plane = Plane(injections(kind, parameters) if kind else [])
            met = {runtime: measure(command, plane, runtime.lower()) for runtime, command in commands.items()}
            found["cases"][kind or "honest"] = {"parameters": parameters, "met": met}
            sys.stderr.write(f"{kind or 'honest'}: {met}\n")
            plane.tell({"do": "stop"})
            plane.process.communicate()
    (HERE / "measured.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    if sys.argv[1:] == ["inside"]:
        inside()
    else:
        alone = ["unshare", "--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--mount-proc"]
        os.execvp(alone[0], [*alone, sys.executable, "-m", "docs.resolvers.measure", "inside"])  # noqa: S606
