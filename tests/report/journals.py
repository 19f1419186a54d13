"""A run simulated for tests: the demo with its four clients, told through the one builder of journals (``tests/journal/story.py``).

The simulation is deterministic. It follows what was measured of botocore 1.44 on DynamoDB (4 attempts, sleeps of U·25, 50, 100 ms, a
quota of 500 tokens at 14 a retry), of legacy mode (10 attempts, .05 s doubling), and of urllib3's last-in first-out pool.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chaoskit.journal import events as ev
from chaoskit.journal.events import Entry, ErrorLink, Event, Result
from chaoskit.units import MICROSECOND, MILLISECOND, SECOND
from tests.journal.story import NAME, ORIGIN, Story

HOST = NAME
NO_ADDRESS = (
    ErrorLink(
        type="botocore.exceptions.EndpointConnectionError",
        message=f'Could not connect to the endpoint URL: "https://{HOST}/"',
    ),
    ErrorLink(type="urllib3.exceptions.NameResolutionError", message=f"Failed to resolve '{HOST}'"),
    ErrorLink(type="socket.gaierror", message="[Errno -5] No address associated with hostname", errno=-5),
)


@dataclass
class Connection:
    """A simulated connection through the proxy."""

    id: str
    upstream: str
    requests: int = 0


@dataclass
class Journals:
    """A run, told as its parts live through it. Times given to its methods are nanoseconds of the experiment; those of ``story`` are ms."""

    blanks: Sequence[tuple[int, int]] = ((5 * SECOND, 25 * SECOND),)
    length: int = 40 * SECOND
    fault: str = "empty"
    hidden: bool = False
    title: str = "Which client survives when DynamoDB's DNS record goes empty?"
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    story: Story = field(default_factory=Story)
    port: int = 33000
    serial: int = 0

    def add(self, event: Event) -> None:
        self.story.add(event)

    def entries(self) -> list[Entry]:
        return self.story.entries()

    def blank(self, at: int) -> bool:
        return any(start <= at < end for start, end in self.blanks)

    def next_port(self) -> int:
        self.port += 1
        return self.port

    def head(self, experiment: dict[str, Any] | None = None) -> None:
        self.add(
            ev.RunStarted(
                at=ORIGIN - 3 * SECOND,
                run_id="20261201-101500-7",
                title=self.title,
                seed=7,
                source="experiments/outage/dynamodb-empty-record.yaml",
                experiment=experiment or {},
                epoch_ns=1_796_120_100 * SECOND,
                versions={"chaoskit": "0.1.0", "python": "3.12.3", "dnslib": "0.9.26", "moto": "5.2.0"},
                replay="chaoskit run experiments/outage/dynamodb-empty-record.yaml --seed 7",
            )
        )

    def planes(self) -> None:
        at = ORIGIN - 2 * SECOND
        self.add(
            ev.SandboxReady(
                at=at,
                sandbox="namespace",
                libc_exercised=True,
                because="user and mount namespaces work on this machine",
            )
        )
        for plane, what, addresses in (
            ("dns", "chaoskit (dnslib 0.9.26)", {"cold": "127.0.0.11:53"}),
            ("service", "moto 5.2.0 under cheroot 11", {"front": "127.0.0.1:8443"}),
            ("network", "embedded proxy", {"dynamodb": "127.0.0.1:443"}),
        ):
            at += 200 * MILLISECOND
            self.add(ev.PlaneReady(at=at, plane=plane, implementation=what, addresses=addresses, pid=100))

    def ready(self, name: str, **settings: str) -> None:
        self.add(
            ev.ClientReady(
                at=ORIGIN - SECOND + 20 * MILLISECOND * len(self.story.events),
                client=name,
                use="boto3",
                pid=200 + len(self.story.events),
                versions={"boto3": "1.44.2", "botocore": "1.44.2"},
                settings=settings,
            )
        )

    def arm(self) -> None:
        at = ORIGIN - 100 * MILLISECOND
        if self.blanks:
            self.add(
                ev.InjectionPlanned(
                    at=at,
                    injection="blank",
                    plane="dns",
                    fault=self.fault,
                    where=HOST,
                    spans=tuple((ORIGIN + start, ORIGIN + end) for start, end in self.blanks),
                    hidden=self.hidden,
                )
            )
        self.add(ev.TimelineArmed(at=at, origin=ORIGIN, ends=ORIGIN + self.length))

    def end(self, reason: str = "finished") -> None:
        last = max(event.at for event in self.story.events)
        self.add(ev.RunEnded(at=max(last, ORIGIN + self.length) + 50 * MILLISECOND, reason=reason))

    def canary(self, every: int = SECOND, bad: bool = False) -> None:
        for at in range(0, self.length, every):
            self.add(
                ev.CanaryChecked(
                    at=ORIGIN + at,
                    name="canary.chaoskit.test",
                    ok=not bad,
                    detail="127.0.0.1" if not bad else "no answer",
                    latency_ns=400 * MICROSECOND,
                )
            )

    def lookup(self, asker: str, at: int, name: str = HOST) -> bool:
        """One getaddrinfo: A and AAAA from one port. Tells whether it found an address."""
        empty = self.blank(at)
        self.next_port()
        for number, rtype in enumerate(("A", "AAAA")):
            when = at / MILLISECOND + number * 0.03
            answers, faults = (0, ("blank",)) if empty else (1, ())
            self.story.query(asker, when, self.port, rtype, took=0.15, answers=answers, faults=faults, name=name)
        return not empty

    def dial(self, at: int) -> Connection:
        port = self.next_port()
        connection = Connection(id=f"dynamodb-{port}", upstream=f"127.0.0.1:{port}")
        self.add(
            ev.ConnectionOpened(
                at=ORIGIN + at,
                connection=connection.id,
                proxy="dynamodb",
                peer=f"127.0.0.1:{self.next_port()}",
                upstream_peer=connection.upstream,
            )
        )
        return connection

    def close(self, connection: Connection, at: int) -> None:
        self.add(
            ev.ConnectionClosed(
                at=ORIGIN + at, connection=connection.id, proxy="dynamodb", bytes_up=1800, bytes_down=5200
            )
        )

    def request(self, connection: Connection, at: int, invocation: str, attempt: int) -> None:
        connection.requests += 1
        self.serial += 1
        self.add(
            ev.RequestArrived(
                at=ORIGIN + at,
                request=self.serial,
                service="dynamodb",
                operation="GetItem",
                invocation=invocation,
                attempt=attempt,
                user_agent="Boto3/1.44.2 md/Botocore#1.44.2",
                connection=connection.upstream,
                nth=connection.requests,
            )
        )
        self.add(ev.RequestAnswered(at=ORIGIN + at + 2 * MILLISECOND, request=self.serial, status=200))

    def call(self, client: str, number: int, at: int, *, due: int | None = None, concurrent: bool = False) -> None:
        self.add(
            ev.CallStarted(
                at=ORIGIN + at,
                client=client,
                call=number,
                operation="GetItem",
                due=ORIGIN + (at if due is None else due),
                concurrent=concurrent,
            )
        )

    def attempt(self, client: str, call: int, number: int, at: int, took: int, result: Result) -> None:
        self.add(
            ev.AttemptStarted(at=ORIGIN + at, client=client, call=call, attempt=number, invocation=f"{client}-{call}")
        )
        self.add(
            ev.AttemptFinished(
                at=ORIGIN + at + took,
                client=client,
                call=call,
                attempt=number,
                result=result,
                latency_ns=took,
                status=200 if result == "ok" else None,
                error=None if result == "ok" else "EndpointConnectionError",
            )
        )

    def finish(self, client: str, number: int, at: int, result: Result, errors: tuple[ErrorLink, ...] = ()) -> None:
        self.add(ev.CallFinished(at=ORIGIN + at, client=client, call=number, result=result, errors=errors))


@dataclass
class Caller:
    """A boto3 client as the journal would show it: a pool, a retry mode, a quota."""

    journal: Journals
    name: str
    legacy: bool = False
    keep: bool = True
    tokens: int = 500
    number: int = 0
    pool: list[Connection | None] = field(default_factory=lambda: [None] * 10)

    def call(self, at: int, due: int | None = None, concurrent: bool = False) -> int:
        """One whole call; returns the offset at which it ended."""
        self.number += 1
        journal, rng = self.journal, self.journal.rng
        journal.call(self.name, self.number, at, due=due, concurrent=concurrent)
        clock = at + rng.randint(200, 900) * MICROSECOND
        for attempt in range(1, (10 if self.legacy else 4) + 1):
            ok, ended = self._try(clock, attempt)
            if ok:
                self.tokens = min(500, self.tokens + (1 if attempt == 1 else 14))
                journal.finish(self.name, self.number, ended + 300 * MICROSECOND, "ok")
                return ended + 300 * MICROSECOND
            slept = self._sleep(attempt)
            if slept is None:
                break
            clock = ended + slept
        journal.finish(self.name, self.number, ended + 400 * MICROSECOND, "failed", NO_ADDRESS)
        return ended + 400 * MICROSECOND

    def _sleep(self, attempt: int) -> int | None:
        if self.legacy:
            return None if attempt == 10 else 50 * MILLISECOND * 2 ** (attempt - 1)
        if attempt == 4 or self.tokens < 14:
            return None
        self.tokens -= 14
        return int(self.journal.rng.random() * 25 * MILLISECOND * 2 ** (attempt - 1)) + MILLISECOND

    def _try(self, at: int, attempt: int) -> tuple[bool, int]:
        journal = self.journal
        connection = self.pool.pop() if self.keep and self.pool else None
        took = journal.rng.randint(4, 7) * MILLISECOND
        if connection is None:
            if not journal.lookup(self.name, at + MILLISECOND):
                took = journal.rng.randint(2, 3) * MILLISECOND
                journal.attempt(self.name, self.number, attempt, at, took, "failed")
                self._give_back(None, at + took)
                return False, at + took
            connection = journal.dial(at + 2 * MILLISECOND)
            took += 8 * MILLISECOND
        journal.request(connection, at + took - 3 * MILLISECOND, f"{self.name}-{self.number}", attempt)
        journal.attempt(self.name, self.number, attempt, at, took, "ok")
        self._give_back(connection, at + took)
        return True, at + took

    def _give_back(self, connection: Connection | None, at: int) -> None:
        if self.keep and len(self.pool) < 10:
            self.pool.append(connection)
        elif connection:
            self.journal.close(connection, at)


def steady(caller: Caller, every: int = 250 * MILLISECOND) -> None:
    """Calls one after another, each when due or as soon as the one before ended."""
    due = at = 0
    while at < caller.journal.length:
        ended = caller.call(at + 300 * MICROSECOND, due=due)
        due += every
        while due + every < ended:  # a schedule skips what it has missed
            due += every
        at = max(due, ended)


def bursts(caller: Caller, every: int = 250 * MILLISECOND, burst_every: int = 5 * SECOND, size: int = 12) -> None:
    """Steady calls, and ``size`` at once now and then. Each of a burst takes its slot before any gives one back."""
    for due in range(0, caller.journal.length, every):
        if due > burst_every and due % burst_every == 3 * SECOND:
            _burst(caller, due + 2 * MILLISECOND, size)
        else:
            caller.call(due + 300 * MICROSECOND, due=due)


def _burst(caller: Caller, due: int, size: int) -> None:
    slots = caller.pool
    taken = [slots.pop() if slots else None for _ in range(size)]
    given: list[Connection | None] = []
    # Those on a live connection end first; failed dials come later and so lie on top (urllib3 is last in, first out).
    for connection in sorted(taken, key=lambda slot: slot is None):
        caller.pool = [connection] if connection else []
        caller.call(due + caller.journal.rng.randint(100, 900) * MICROSECOND, due=due, concurrent=True)
        given.extend(caller.pool[-1:])
    caller.pool = (given + [None] * 10)[:10]


def demo(**options: Any) -> list[Entry]:
    """The flagship experiment with its four clients, as a journal."""
    journal = Journals(**options)
    journal.head()
    journal.planes()
    common = {"region": "us-east-1", "every": "250ms"}
    journal.ready("cold", connection="cold", retry_mode="default (standard)", **common)
    journal.ready("warm", connection="warm", retry_mode="default (standard)", **common)
    journal.ready("burst", connection="burst", retry_mode="default (standard)", burst="12 every 5s", **common)
    journal.ready("legacy", connection="cold", retry_mode="legacy", **common)
    journal.arm()
    journal.canary()
    steady(Caller(journal, "cold", keep=False))
    steady(Caller(journal, "warm"))
    bursts(Caller(journal, "burst"))
    steady(Caller(journal, "legacy", legacy=True, keep=False))
    journal.end()
    return journal.entries()
