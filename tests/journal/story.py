"""Hand-built journals: one line a happening, times in milliseconds from the origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from chaoskit.journal import events as ev
from chaoskit.journal.events import Entry, Event, Result
from chaoskit.journal.run import Run
from chaoskit.units import MILLISECOND

ORIGIN = 1_000_000 * MILLISECOND
NAME = "dynamodb.us-east-1.amazonaws.com"


def at(ms: float) -> int:
    """The instant ``ms`` after the origin."""
    return ORIGIN + round(ms * MILLISECOND)


ANSWERED = ev.QueryAnswered(
    at=0,
    answered_at=1,
    asker="app",
    peer="127.0.0.1:4000",
    transport="udp",
    name=NAME,
    rtype="A",
    reply="answer",
    rcode="NOERROR",
    answers=1,
)
"""A query that was answered honestly; tests replace what matters to them."""


@dataclass
class Story:
    """Collects events; ``entries`` numbers them in the order of their instants, as a journal has them."""

    ends: float = 10_000
    events: list[Event] = field(default_factory=list)
    calls: int = 0

    def add(self, *events: Event) -> Story:
        self.events += events
        return self

    def entries(self) -> list[Entry]:
        return [Entry(seq, event) for seq, event in enumerate(sorted(self.events, key=lambda event: event.at), 1)]

    def run(self) -> Run:
        return Run(self.entries())

    def head(self, *clients: str, canary: bool = True) -> Story:
        """The run's head, its clients, the origin, and the canary's own client."""
        self.add(
            ev.RunStarted(
                at=at(-3000),
                run_id="r",
                title="t",
                seed=1,
                source="x.yaml",
                experiment={},
                epoch_ns=1,
                versions={},
                replay="",
            )
        )
        for number, client in enumerate(clients):
            self.ready(client, "boto3", -2000 + number)
        if canary:
            self.ready("canary", "canary", -1000)
        return self.add(ev.TimelineArmed(at=at(-50), origin=at(0), ends=at(self.ends)))

    def ready(self, client: str, use: str, when: float) -> Story:
        ready = ev.ClientReady(
            at=at(when),
            client=client,
            use=use,
            pid=1,
            versions={},
            settings={"every": "1 s"},
            every_ns=1000 * MILLISECOND,
        )
        return self.add(ready)

    def fault(self, start: float, end: float, injection: str = "blank", plane: str = "dns") -> Story:
        return self.add(
            ev.InjectionPlanned(
                at=at(-60),
                injection=injection,
                plane=plane,
                fault="empty",
                where=NAME,
                target={"name": NAME, "service": "dynamodb", "process": "service"},
                spans=((at(start), at(end)),),
            )
        )

    def looks(self, every: float = 1000, failed: Sequence[float] = (), missing: Sequence[float] = ()) -> Story:
        """The canary's looks over the whole run."""
        for number in range(int(self.ends / every)):
            when = number * every
            if when not in missing:
                ok = when not in failed
                detail = "192.0.2.1" if ok else "gaierror -3: Temporary failure in name resolution"
                self.add(
                    ev.CanaryChecked(at=at(when + 2), name="canary.test", ok=ok, detail=detail, latency_ns=MILLISECOND)
                )
        return self

    def lookup(
        self,
        client: str,
        when: float,
        port: int,
        *,
        rcode: str = "NOERROR",
        answers: int = 1,
        faults: tuple[str, ...] = (),
    ) -> Story:
        """A and AAAA from one port."""
        for number, rtype in enumerate(("A", "AAAA")):
            self.query(client, when + number / 10, port, rtype, rcode=rcode, answers=answers, faults=faults)
        return self

    def query(
        self,
        client: str,
        when: float,
        port: int,
        rtype: str = "A",
        *,
        took: float = 0.1,
        reply: Literal["answer", "raw", "drop", "hangup"] = "answer",
        rcode: str = "NOERROR",
        answers: int = 1,
        faults: tuple[str, ...] = (),
        name: str = NAME,
    ) -> Story:
        return self.add(
            ev.QueryAnswered(
                at=at(when),
                answered_at=at(when + took),
                asker=client,
                peer=f"127.0.0.1:{port}",
                transport="udp",
                name=name,
                rtype=rtype,
                reply=reply,
                rcode=rcode,
                answers=answers,
                faults=faults,
            )
        )

    def call(
        self,
        client: str,
        start: float,
        end: float | None,
        result: Result = "ok",
        *,
        tries: Sequence[tuple[float, float | None]] | None = None,
        concurrent: bool = False,
    ) -> int:
        """A call and its tries (one over the whole call when None), each (start, end). Returns the call's number."""
        self.calls += 1
        number = self.calls
        self.add(
            ev.CallStarted(
                at=at(start), client=client, call=number, operation="GetItem", due=at(start), concurrent=concurrent
            )
        )
        for attempt, (began, ended) in enumerate(tries if tries is not None else [(start, end)], 1):
            invocation = f"{client}-{number}"
            self.add(
                ev.AttemptStarted(at=at(began), client=client, call=number, attempt=attempt, invocation=invocation)
            )
            if ended is not None:
                last = tries is None or attempt == len(tries)
                outcome: Result = result if last else "failed"
                took = round((ended - began) * MILLISECOND)
                self.add(
                    ev.AttemptFinished(
                        at=at(ended), client=client, call=number, attempt=attempt, result=outcome, latency_ns=took
                    )
                )
        if end is not None:
            self.add(ev.CallFinished(at=at(end), client=client, call=number, result=result))
        return number

    def arrival(self, client: str, call: int, when: float, *, attempt: int | None = 1, nth: int = 1) -> Story:
        return self.add(
            ev.RequestArrived(
                at=at(when),
                request=call,
                service="dynamodb",
                operation="GetItem",
                invocation=f"{client}-{call}",
                attempt=attempt,
                user_agent="",
                connection="127.0.0.1:1",
                nth=nth,
            )
        )

    def end(self, reason: str = "finished") -> Story:
        return self.add(ev.RunEnded(at=at(self.ends + 100), reason=reason))
