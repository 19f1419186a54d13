"""The process beside a container under test: says that it is there, and makes the probes."""

from __future__ import annotations

import asyncio
import http.client
import os
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from chaoskit.child import Child
from chaoskit.clients.container import PATIENCE_S, UP_WITHIN_S, Container
from chaoskit.clients.errors import error_chain
from chaoskit.clients.process import play
from chaoskit.clients.schedule import Lane, Slot, drive
from chaoskit.clock import Instant, WallClock
from chaoskit.errors import PlaneError
from chaoskit.journal.events import CallFinished, CallStarted, ClientReady, ErrorLink, Result
from chaoskit.units import format_duration

BETWEEN_S = 0.25


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

    def await_the_app(self) -> None:
        """Return when the probe answers well for the first time. Raises ``PlaneError`` when it does not in good time."""
        if not self._plan.probe:
            return
        limit = time.monotonic() + UP_WITHIN_S
        while errors := get(*target(self._plan.probe)):
            if time.monotonic() > limit:
                raise PlaneError(
                    f"{self._plan.probe} did not answer well within {UP_WITHIN_S:g} s, at last: {errors[0].message}; "
                    "is it right, and does the app start without its real credentials?"
                )
            threading.Event().wait(BETWEEN_S)

    async def run(self, origin: Instant, ends: Instant) -> None:
        """Probe until the run ends, or only wait for that."""
        if self._plan.probe:
            await drive([Lane(self._plan.every_ns)], self._clock, origin, ends, self._probe)
        else:
            await self._clock.sleep_until(ends)

    async def _probe(self, slot: Slot) -> None:
        host, port, path = target(self._plan.probe or "")
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
        errors = await asyncio.to_thread(get, host, port, path)
        result: Result = "failed" if errors else "ok"
        self._child.emit(CallFinished(at=self._clock.now(), client=client, call=call, result=result, errors=errors))


def target(url: str) -> tuple[str, int, str]:
    """Host, port and path of a URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 80, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


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

    def make(child: Child, given: dict[str, Any]) -> Probes:
        probes = Probes(child, Container.from_json(given))
        probes.await_the_app()
        return probes

    play(make)


if __name__ == "__main__":
    main()
