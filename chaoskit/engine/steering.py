"""Faults that the command in the sandbox asks for itself: ``chaoskit blank NAME`` and ``chaoskit restore NAME`` inside ``chaoskit exec``.

The door (``sandbox/steering_door.py``) listens in the sandbox; what it hears is read here, outside, and obeyed by the run's own DNS server.
Requests: ``{"do": "blank", "name": …, "fault": one of FAULTS, "for_ns": … or null}`` and ``{"do": "restore", "name": … or null}``. Answers:
``{"injections": [ids]}`` when the DNS server has done it, or ``{"error": text}``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from chaoskit.dns.faults import FAULTS as KINDS
from chaoskit.dns.target import DnsTarget
from chaoskit.engine.runner import planned_event
from chaoskit.engine.session import Stage
from chaoskit.errors import SandboxError
from chaoskit.experiment.loader import Experiment
from chaoskit.experiment.planes import PLANES
from chaoskit.experiment.plans import surroundings_of, with_aliases
from chaoskit.journal.events import Entry, InjectionApplied, InjectionCut, InjectionLifted, TimelineArmed
from chaoskit.sandbox.namespace import NamespaceSandbox
from chaoskit.timeline.codec import injection_to_json
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.window import Once

VARIABLE = "CHAOSKIT_STEERING"
"""Where the door is, for whoever is in the sandbox: ``host:port``."""

FAULTS = ("empty", "nxdomain", "servfail", "refused", "drop")
DOOR = Path(sys.modules[NamespaceSandbox.__module__].__file__ or "").with_name("steering_door.py")
WITHIN_S = 20.0

Obey: TypeAlias = Callable[[Any], Awaitable[dict[str, Any]]]
"""Takes a request, and answers when it has done it."""

_DNS = next(plane for plane in PLANES if plane.key == "dns")


class RequestRefused(Exception):
    """A request that cannot be obeyed; its text says why."""


class Steering:
    """Obeys the requests of one run. ``end_ns`` is the length of the run, for faults without one."""

    def __init__(self, experiment: Experiment, stage: Stage) -> None:
        self._experiment = experiment
        self._stage = stage
        self._armed: TimelineArmed | None = None
        self._on: dict[str, Injection[Any, Any]] = {injection.id: injection for injection in experiment.planes["dns"]}
        self._awaited: dict[tuple[type, str], asyncio.Future[Entry]] = {}
        self._count = 0
        stage.journal.listen(self._hear)

    def _hear(self, entry: Entry) -> None:
        event = entry.event
        if isinstance(event, TimelineArmed):
            self._armed = event
        elif isinstance(event, InjectionApplied | InjectionLifted):
            awaited = self._awaited.pop((type(event), event.injection), None)
            if awaited is not None and not awaited.done():
                awaited.set_result(entry)

    async def obey(self, request: Any) -> dict[str, Any]:
        """The answer to a request, when it is done."""
        try:
            match request:
                case {"do": "blank", "name": str(name), "fault": str(fault), "for_ns": int() | None as length}:
                    return {"injections": [await self._blank(name, fault, length)]}
                case {"do": "restore", "name": str() | None as name}:
                    return {"injections": await self._restore(name)}
            raise RequestRefused("this is no request that a run knows")
        except (RequestRefused, ValueError) as error:
            return {"error": str(error)}
        except TimeoutError:
            return {"error": f"the run's DNS server did not say within {WITHIN_S:g} s that it is done"}

    async def _blank(self, name: str, kind: str, length: int | None) -> str:
        if kind not in FAULTS:
            raise RequestRefused(f"{kind!r} is no fault that can be asked for here; choose of {', '.join(FAULTS)}")
        if length is not None and length <= 0:
            raise RequestRefused("a fault lasts longer than 0")
        if self._armed is None:
            raise RequestRefused("the run has not begun")
        start = self._stage.clock.now() - self._armed.origin
        self._count += 1
        injection: Injection[Any, Any] = Injection(
            id=f"steered-{self._count}",
            where=with_aliases(self._experiment.spec, DnsTarget(name=name)),
            when=Once(start, self._armed.ends - self._armed.origin - start if length is None else length),
            fault=KINDS.get(kind)(),
        )
        for complaint in _DNS.check(injection, surroundings_of(self._experiment.spec)):
            raise RequestRefused(complaint.message)
        await self.inject(injection)
        return injection.id

    async def inject(self, injection: Injection[Any, Any]) -> None:
        """Put on a fault whose window is one span, and await that the DNS server has it. The run has begun."""
        assert self._armed is not None
        entry = await self._send(
            InjectionApplied, injection.id, {"do": "inject", "injection": injection_to_json(injection)}
        )
        self._on[injection.id] = injection
        end = self._armed.origin + injection.when.spans(self._armed.ends)[0][1]
        event = planned_event(self._stage.clock.now(), "dns", injection, ((entry.event.at, max(end, entry.event.at)),))
        self._stage.journal.append(event)

    async def _restore(self, name: str | None) -> list[str]:
        target = None if name is None else DnsTarget(name=name).name
        now = self._stage.clock.now() - (self._armed.origin if self._armed else 0)
        on = [
            injection.id
            for injection in self._on.values()
            if (target is None or injection.where.covers(target)) and injection.when.active(now)
        ]
        if not on:
            raise RequestRefused(f"no fault is on for {name}" if name else "no fault is on")
        await self.lift(on, "chaoskit restore")
        return on

    def under_way(self) -> tuple[str, ...]:
        """The ids of the faults that have begun and are not over; one that flaps may be off just now."""
        if self._armed is None:
            return ()
        now, length = self._stage.clock.now() - self._armed.origin, self._armed.ends - self._armed.origin
        spans_of = {injection.id: injection.when.spans(length) for injection in self._on.values()}
        return tuple(name for name, spans in spans_of.items() if spans and spans[0][0] <= now < spans[-1][1])

    async def lift(self, injections: Sequence[str], because: str) -> None:
        """Take these faults off, and await that the DNS server has done so."""
        for injection in injections:
            entry = await self._send(InjectionLifted, injection, {"do": "lift", "injection": injection})
            del self._on[injection]
            self._stage.journal.append(
                InjectionCut(
                    at=self._stage.clock.now(),
                    injection=injection,
                    ends=entry.event.at,
                    because=because,
                    evidence=entry.seq,
                )
            )

    async def _send(self, kind: type, injection: str, command: dict[str, Any]) -> Entry:
        """Send the DNS server a command, and await the event that says it is done."""
        awaited = self._awaited[kind, injection] = asyncio.get_running_loop().create_future()
        self._stage.send("dns", command)
        return await asyncio.wait_for(awaited, WITHIN_S)


@contextlib.asynccontextmanager
async def open_steering(obey: Obey, stage: Stage) -> AsyncIterator[dict[str, str]]:
    """Open the door, and obey until the context ends. Yields the variables that tell the command where it is. Raises ``SandboxError``."""
    pipe = asyncio.subprocess.PIPE
    argv = stage.sandbox.command([sys.executable, "-I", "-S", str(DOOR)])
    door = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe, start_new_session=True)
    assert door.stdout is not None
    assert door.stdin is not None
    first = (await door.stdout.readline()).decode().split()
    if first[:1] != ["ready"]:
        raise SandboxError("the door for chaoskit blank cannot be opened in the sandbox")
    answer = _answering(obey, door.stdout, door.stdin.write)
    task = asyncio.create_task(answer)
    try:
        yield {VARIABLE: f"127.0.0.1:{first[1]}"}
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        door.stdin.close()
        await door.wait()


async def _answering(obey: Obey, requests: asyncio.StreamReader, write: Callable[[bytes], object]) -> None:
    """Obey one request after the other, in their order."""
    while line := await requests.readline():
        asked = json.loads(line)
        answer = await obey(asked["request"])
        write(f"{asked['number']} {json.dumps(answer)}\n".encode())
