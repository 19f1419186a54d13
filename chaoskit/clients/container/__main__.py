"""The process beside a container under test: says that it is there, and makes the probes."""

from __future__ import annotations

import asyncio
import http.client
import os
from urllib.parse import urlsplit

from chaoskit.child import Child
from chaoskit.clients.container import PATIENCE_S, Container
from chaoskit.clients.errors import error_chain
from chaoskit.clients.process import Run, serve
from chaoskit.clients.schedule import Lane, Slot, drive
from chaoskit.clock import Instant, WallClock
from chaoskit.journal.events import CallFinished, CallStarted, ClientReady, ErrorLink, Result
from chaoskit.units import format_duration


class Probes:
    """Requests to the app's own URL, each a call; none without a URL."""

    def __init__(self, child: Child, plan: Container) -> None:
        self._child, self._plan, self._clock = child, plan, WallClock()

    def ready(self) -> ClientReady:
        """What is probed, and how often."""
        plan = self._plan
        probed = {"probe": plan.probe, "every": format_duration(plan.every_ns)} if plan.probe else {"probe": "none"}
        settings = {"container": plan.container, **probed}
        return ClientReady(
            at=self._clock.now(), client=plan.client, use="container", pid=os.getpid(), versions={}, settings=settings
        )

    async def run(self, origin: Instant, ends: Instant) -> None:
        """Probe until the run ends, or only wait for that."""
        if self._plan.probe:
            await drive([Lane(self._plan.every_ns)], self._clock, origin, ends, self._probe)
        else:
            await self._clock.sleep_until(ends)

    async def _probe(self, slot: Slot) -> None:
        url = urlsplit(self._plan.probe or "")
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        client, call = self._plan.client, slot.number
        operation = f"GET {path}"
        self._child.emit(
            CallStarted(
                at=self._clock.now(),
                client=client,
                call=call,
                operation=operation,
                due=slot.due,
                concurrent=slot.concurrent,
            )
        )
        errors = await asyncio.to_thread(get, url.hostname or "", url.port or 80, path)
        result: Result = "failed" if errors else "ok"
        self._child.emit(CallFinished(at=self._clock.now(), client=client, call=call, result=result, errors=errors))


def get(host: str, port: int, path: str) -> tuple[ErrorLink, ...]:
    """One request on a connection of its own; what went wrong, nothing when the status is below 400."""
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
    try:
        connection.request("GET", path, headers={"User-Agent": "chaoskit-probe"})
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        return error_chain(error)
    finally:
        connection.close()
    if answer.status < 400:
        return ()
    return (ErrorLink(type="HTTPStatus", message=f"{answer.status} {answer.reason}"),)


def main() -> None:
    """Read the plan, become ready, and probe until told otherwise."""
    child = Child()
    given = child.plan()

    def prepare() -> Run:
        probes = Probes(child, Container.from_json(given))
        child.emit(probes.ready())
        return probes.run

    serve(child, prepare)


if __name__ == "__main__":
    main()
