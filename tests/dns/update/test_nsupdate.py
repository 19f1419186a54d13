"""The whole way: BIND's nsupdate and dnspython against the process ``python -m chaoskit.dns``, over UDP and TCP."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import dns.rcode
import pytest

from chaoskit.child import ALIVE
from chaoskit.journal.codec import decode
from chaoskit.journal.events import Event, PlaneReady, UpdateAnswered, ZoneChanged
from tests.dns.update.messages import APEX, Message, plan

KEY = {"name": "updater.example", "algorithm": "hmac-sha256", "secret": "c2l4dGVlbiBsZXR0ZXJzIQ=="}
PATIENCE_S = 30
NSUPDATE = shutil.which("nsupdate")
needs_nsupdate = pytest.mark.skipif(
    NSUPDATE is None, reason="nsupdate is not installed (Debian's package bind9-dnsutils)"
)


class Plane:
    """The process, with a zone that anybody on loopback may update and one that needs a key."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "chaoskit.dns"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.say(
            {
                "seed": 1,
                "listeners": [{"label": "test", "host": "127.0.0.1", "port": 0}],
                "zones": [plan(), plan("keyed.test"), {"apex": "closed.test"}, {"apex": "live.test"}],
                "injections": [],
                "followed": ["live.test"],
                "updates": {"zones": {APEX: [], "keyed.test": [KEY["name"]]}, "keys": [KEY]},
            }
        )
        ready = next(self._events())
        assert isinstance(ready, PlaneReady)
        self.port = int(ready.addresses["test"].rpartition(":")[2])

    def say(self, line: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()

    def arm(self) -> None:
        self.say({"do": "arm", "origin": 0})

    def changed(self) -> ZoneChanged:
        """The next change, as soon as it is served."""
        return next(event for event in self._events() if isinstance(event, ZoneChanged))

    def _events(self) -> Iterator[Event]:
        assert self.process.stdout is not None
        return (decode(line) for line in self.process.stdout if not line.startswith(ALIVE))

    def stop(self) -> list[Event]:
        """All events; the process must end in good order."""
        self.say({"do": "stop"})
        events = list(self._events())
        assert self.process.wait(PATIENCE_S) == 0
        return events

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def data(self, name: str, rtype: str) -> list[str]:
        """What is served."""
        answer = dns.query.udp(dns.message.make_query(name, rtype), "127.0.0.1", timeout=PATIENCE_S, port=self.port)
        return sorted(rdata.to_text() for rrset in answer.answer for rdata in rrset)

    def nsupdate(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        assert NSUPDATE is not None
        text = f"server 127.0.0.1 {self.port}\n{script}\nsend\n"
        return subprocess.run([NSUPDATE, *arguments], input=text, capture_output=True, text=True, timeout=PATIENCE_S)


@pytest.fixture
def plane() -> Iterator[Plane]:
    started = Plane()
    yield started
    started.close()


@needs_nsupdate
@pytest.mark.parametrize("transport", [(), ("-v",)], ids=["udp", "tcp"])
def test_nsupdate_changes_a_zone(plane: Plane, transport: tuple[str, ...]) -> None:
    script = f"zone {APEX}\nprereq yxrrset a.{APEX} A\nupdate delete a.{APEX} A\nupdate add a.{APEX} 5 A 192.0.2.9"
    result = plane.nsupdate(script, *transport)
    assert (result.returncode, result.stderr) == (0, "")
    assert plane.data(f"a.{APEX}", "A") == ["192.0.2.9"]
    answered, changed = _last(plane.stop())
    assert (answered.rcode, answered.transport, answered.prerequisites) == ("NOERROR", "tcp" if transport else "udp", 1)
    assert changed.serial == 11


def _last(events: list[Event]) -> tuple[UpdateAnswered, ZoneChanged]:
    answered = [event for event in events if isinstance(event, UpdateAnswered)]
    changed = [event for event in events if isinstance(event, ZoneChanged)]
    return answered[-1], changed[-1]


@needs_nsupdate
def test_nsupdate_finds_the_zone_by_itself(plane: Plane) -> None:
    """Without a zone it asks for the SOA of the name first."""
    result = plane.nsupdate(f"update add x.y.{APEX} 5 A 192.0.2.9")
    assert (result.returncode, result.stderr) == (0, "")
    assert plane.data(f"x.y.{APEX}", "A") == ["192.0.2.9"]


@needs_nsupdate
def test_nsupdate_is_told_why_it_failed(plane: Plane) -> None:
    result = plane.nsupdate(f"zone {APEX}\nprereq nxdomain a.{APEX}\nupdate add a.{APEX} 5 A 192.0.2.9")
    assert (result.returncode, result.stderr.strip()) == (2, "update failed: YXDOMAIN")
    assert plane.data(f"a.{APEX}", "A") == ["192.0.2.1", "192.0.2.2"]


@needs_nsupdate
def test_nsupdate_with_a_key(plane: Plane, tmp_path: Path) -> None:
    key = f"{KEY['algorithm']}:{KEY['name']}:{KEY['secret']}"
    script = "zone keyed.test\nupdate add new.keyed.test 5 TXT signed"
    assert plane.nsupdate(script).stderr.strip() == "update failed: REFUSED"
    result = plane.nsupdate(script, "-y", key)
    assert (result.returncode, result.stderr) == (0, "")
    assert plane.data("new.keyed.test", "TXT") == ['"signed"']
    wrong = plane.nsupdate(script, "-y", f"{KEY['algorithm']}:{KEY['name']}:YW5vdGhlcg==")
    assert "tsig indicates error" in wrong.stderr
    assert "NOTAUTH(BADSIG)" in wrong.stderr


def test_a_zone_that_did_not_opt_in_is_refused(plane: Plane) -> None:
    message = Message("closed.test")
    message.add("a", 5, "A", "192.0.2.9")
    answer = dns.query.udp(message, "127.0.0.1", timeout=PATIENCE_S, port=plane.port)
    assert answer.rcode() == dns.rcode.REFUSED


def test_what_was_updated_before_the_run_began_stays(plane: Plane) -> None:
    message = Message(APEX)
    message.replace("a", 5, "A", "192.0.2.9")
    assert dns.query.tcp(message, "127.0.0.1", timeout=PATIENCE_S, port=plane.port).rcode() == dns.rcode.NOERROR
    plane.arm()
    message.replace("v6", 5, "AAAA", "2001:db8::9")
    dns.query.tcp(message, "127.0.0.1", timeout=PATIENCE_S, port=plane.port)
    assert plane.data(f"a.{APEX}", "A") == ["192.0.2.9"]


def test_an_answer_that_was_kept_is_not_given_after_a_change(plane: Plane) -> None:
    """The fast path remembers answers; a change must make it forget them at once."""
    for number in range(10, 30):
        message = Message(APEX)
        message.replace("a", 5, "A", f"192.0.2.{number}")
        assert plane.data(f"a.{APEX}", "A") != [f"192.0.2.{number}"]
        dns.query.udp(message, "127.0.0.1", timeout=PATIENCE_S, port=plane.port)
        assert plane.data(f"a.{APEX}", "A") == [f"192.0.2.{number}"]


def test_a_followed_zone_waits_until_a_change_is_in_force(plane: Plane) -> None:
    """Two changes come at once and are in force later: they are served in their order, and neither too early."""
    force = time.monotonic_ns() + 200_000_000
    for number, after_ns in ((1, 0), (2, 50_000_000)):
        records = [{"rtype": "A", "ttl": 5, "data": f"192.0.2.{number}"}]
        name = {"name": "a.live.test", "exists": True, "records": records}
        change = {"zone": "live.test", "author": f"C{number}", "effective_at": force + after_ns, "names": [name]}
        plane.say({"do": "follow", **change})
    first, second = plane.changed(), plane.changed()
    assert (first.author, second.author) == ("C1", "C2")
    assert first.at >= force
    assert second.at >= force + 50_000_000
    assert first.lag_ns == first.at - force
    assert plane.data("a.live.test", "A") == ["192.0.2.2"]
