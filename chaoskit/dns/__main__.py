"""The DNS plane's process: ``python -m chaoskit.dns``; the contract is in ``chaoskit.child``."""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chaoskit import __version__
from chaoskit.child import Child, Command
from chaoskit.clock import WallClock
from chaoskit.dns.plan import injection_from_json
from chaoskit.dns.responder import Responder
from chaoskit.dns.server import Listener, Server
from chaoskit.dns.zone import Zones
from chaoskit.errors import ChaoskitError
from chaoskit.journal.events import HarnessFailed, PlaneReady
from chaoskit.timeline.injection import Timeline


async def serve(child: Child, plan: dict[str, Any]) -> None:
    """Listen, say ready, answer until told to stop. Raises what went wrong."""
    clock = WallClock()
    loop = asyncio.get_running_loop()
    timeline = Timeline(tuple(map(injection_from_json, plan["injections"])))
    responder = Responder(Zones.from_plan(plan["zones"]), timeline, plan["seed"])
    server = Server(responder, clock, child.emit)
    stopped = asyncio.Event()

    def obey(command: Command) -> None:
        if command["do"] == "arm":
            server.responder = replace(responder, timeline=timeline.anchored(command["origin"]))
        elif command["do"] == "stop":
            stopped.set()

    addresses = {written["label"]: await server.listen(Listener(**written)) for written in plan["listeners"]}
    child.on_command(lambda command: _from_thread(loop, obey, command))
    child.emit(
        PlaneReady(
            at=clock.now(), plane="dns", implementation=f"chaoskit {__version__}", addresses=addresses, pid=os.getpid()
        )
    )
    waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(stopped.wait()), server.failed]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if server.failed.done():
        server.failed.result()
    await server.close()


def _from_thread(loop: asyncio.AbstractEventLoop, obey: Callable[[Command], None], command: Command) -> None:
    loop.call_soon_threadsafe(obey, command)


def main() -> None:
    """Serve until told to stop; what goes wrong is told in full and ends the process with 4."""
    child = Child()
    try:
        asyncio.run(serve(child, child.plan()))
    except Exception as error:  # noqa: BLE001 - told to the journal and to standard error
        if not isinstance(error, ChaoskitError):
            traceback.print_exc(file=sys.stderr)
        child.emit(HarnessFailed(at=WallClock().now(), part="dns", message=f"{type(error).__name__}: {error}"))
        child.leave(ChaoskitError.exit_code)
    child.leave(0)


if __name__ == "__main__":
    main()
