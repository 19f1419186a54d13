"""A journal of as many events as wanted: two cold clients that call, are blanked for a tenth of the time, and come back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from chaoskit.journal import events as ev
from chaoskit.journal.codec import encode_entry
from chaoskit.journal.events import Entry, Event
from chaoskit.units import MILLISECOND, SECOND

NAME = "dynamodb.us-east-1.amazonaws.com"
ORIGIN, LENGTH = 1000 * SECOND, 600 * SECOND
FROM, UNTIL = ORIGIN + 100 * SECOND, ORIGIN + 160 * SECOND
CLIENTS = ("one", "two")
EVENTS_OF_A_CALL = 10.4
"""On average, with the tries of calls in the blank."""

EXPERIMENT = {
    "title": "A long run",
    "duration": "600s",
    "seed": 1,
    "clients": {name: {"use": "boto3", "connection": "cold", "every": "100ms"} for name in CLIENTS},
    "timeline": [{"id": "blank", "dns": "empty", "where": NAME, "when": {"from": "100s", "for": "60s"}}],
    "expect": [
        {"success_rate": {"client": "one", "at_least": 0.5}},
        {"recovers_within": {"client": "one", "within": "5s"}},
        {"longest_call": {"client": "one", "at_most": "60s"}},
        {"attempts_per_call": {"client": "two", "at_most": 20}},
    ],
}


def write(path: Path, events: int) -> int:
    """Write about ``events`` entries to ``path``; returns how many."""
    seq = 0
    with path.open("w") as file:
        for seq, event in enumerate(story(round(events / EVENTS_OF_A_CALL)), 1):
            file.write(encode_entry(Entry(seq, event)) + "\n")
    return seq


def story(calls: int) -> Iterator[Event]:
    """The whole run, in order of the journal."""
    yield ev.RunStarted(
        at=ORIGIN - SECOND, run_id="long", title="A long run", seed=1, source="long.yaml",
        experiment=EXPERIMENT, epoch_ns=10**18, versions={}, replay="chaoskit run long.yaml",
    )  # fmt: skip
    for name in CLIENTS:
        settings = {"connection": "cold", "every": "100 ms"}
        yield ev.ClientReady(at=ORIGIN - SECOND, client=name, use="boto3", pid=1, versions={}, settings=settings)
    yield ev.InjectionPlanned(
        at=ORIGIN - 1, injection="blank", plane="dns", fault="empty", where=NAME, spans=((FROM, UNTIL),)
    )
    yield ev.TimelineArmed(at=ORIGIN - 1, origin=ORIGIN, ends=ORIGIN + LENGTH)
    step = LENGTH * len(CLIENTS) // calls
    for number in range(1, calls // len(CLIENTS) + 1):
        for place, client in enumerate(CLIENTS):
            yield from call(client, number, ORIGIN + number * step + place * 1000, number * len(CLIENTS) + place)
    for second in range(int(LENGTH / SECOND)):
        at = ORIGIN + second * SECOND
        yield ev.CanaryChecked(at=at, name="canary.chaoskit.test", ok=True, detail="", latency_ns=1000)
    yield ev.RunEnded(at=ORIGIN + LENGTH + SECOND, reason="finished")


def call(client: str, number: int, at: int, request: int) -> Iterator[Event]:
    """One call with all that its witnesses tell."""
    blank = FROM <= at < UNTIL
    yield ev.CallStarted(at=at, client=client, call=number, operation="GetItem", due=at)
    for attempt in range(1, 4 if blank else 2):
        then = at + attempt * 100
        yield ev.AttemptStarted(at=then, client=client, call=number, attempt=attempt, invocation=f"{client}-{number}")
        peer = f"127.0.0.1:{20_000 + (request * 7 + attempt) % 40_000}"
        for rtype in ("A", "AAAA"):
            yield ev.QueryAnswered(
                at=then + 1, answered_at=then + 2, asker=client, peer=peer, transport="udp", name=NAME, rtype=rtype,
                reply="answer", rcode="NOERROR", answers=0 if blank else 2, faults=("blank",) if blank else (),
            )  # fmt: skip
        if not blank:
            yield from carried(client, number, then, request)
        yield ev.AttemptFinished(
            at=then + 60, client=client, call=number, attempt=attempt, result="failed" if blank else "ok",
            latency_ns=MILLISECOND, status=None if blank else 200, error="EndpointConnectionError" if blank else None,
        )  # fmt: skip
    errors = (ev.ErrorLink(type="gaierror", message="No address associated with hostname", errno=-5),) if blank else ()
    yield ev.CallFinished(at=at + 500, client=client, call=number, result="failed" if blank else "ok", errors=errors)


def carried(client: str, number: int, at: int, request: int) -> Iterator[Event]:
    """A connection of its own, with one request."""
    connection, port = f"dynamodb#{request}", f"127.0.0.1:{20_000 + request % 40_000}"
    yield ev.ConnectionOpened(at=at + 20, connection=connection, proxy="dynamodb", peer=port, upstream_peer=port)
    yield ev.RequestArrived(
        at=at + 30, request=request, service="dynamodb", operation="GetItem", invocation=f"{client}-{number}", attempt=1,
        user_agent="Boto3/1.44", connection=port, nth=1,
    )  # fmt: skip
    yield ev.RequestAnswered(at=at + 40, request=request, status=200)
    yield ev.ConnectionClosed(at=at + 50, connection=connection, proxy="dynamodb", bytes_up=100, bytes_down=200)
