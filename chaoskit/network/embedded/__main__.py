"""``python -m chaoskit.network.embedded``: the embedded proxy as a process.

Its plan is ``{"host", "port", "seed", "within"}``; its ready event is ``plane_ready`` with the address of its HTTP API under ``api``; then
come connection events. It ends on ``stop``, or when its standard input ends. Nothing that a client sends ends it: a bug that a request or a
connection meets is a ``harness_failed`` event, which makes the run invalid, and costs that request or connection alone.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
import traceback
from typing import Any, NoReturn

from chaoskit.child import Child, Command
from chaoskit.errors import HarnessError
from chaoskit.host_port import host_port
from chaoskit.journal.events import ControlRequestRefused, HarnessFailed, PlaneReady
from chaoskit.network.embedded.addresses import Reach
from chaoskit.network.embedded.api import Api
from chaoskit.network.embedded.http import Refusal, serve
from chaoskit.network.embedded.limits import raise_open_files
from chaoskit.network.embedded.proxy import EventSink

IMPLEMENTATION = "embedded proxy"


def main() -> NoReturn:
    """Serve until told to stop. Exit code 0 after ``stop``; 4 with the reason on standard error otherwise."""
    child = Child()
    try:
        asyncio.run(_serve(child, child.plan()))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"the embedded proxy cannot serve: {error}\n")
        child.leave(HarnessError.exit_code)
    child.leave(0)


async def _serve(child: Child, plan: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def failed(message: str) -> None:
        child.emit(HarnessFailed(at=time.monotonic_ns(), part="network", message=message))

    def broke(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A fault of our own would look like a toxic: say so, and serve the others."""
        error = context.get("exception")
        failed(f"the embedded proxy failed: {context['message']}: {error!r}"[:1000])
        if error is not None:
            traceback.print_exception(error, limit=-8)

    loop.set_exception_handler(broke)
    reach = Reach(tuple(plan.get("within", ())))
    api = Api(plan.get("seed", 0), EventSink(child.emit, failed), reach, raise_open_files())
    host, port = reach.listen(f"{plan.get('host', '127.0.0.1')}:{plan.get('port', 0)}")
    server = await serve(api.handle, host, port, Refusals(child).tell)
    address = host_port(server.sockets[0].getsockname())

    def command(given: Command) -> None:
        if given["do"] == "stop":
            loop.call_soon_threadsafe(stopped.set)

    child.on_command(command)
    child.emit(
        PlaneReady(
            at=time.monotonic_ns(),
            plane="network",
            implementation=IMPLEMENTATION,
            addresses={"api": address},
            pid=os.getpid(),
        )
    )
    await stopped.wait()
    server.close()
    connections = [connection for proxy in api.proxies.values() for connection in proxy.connections]
    api.stop()
    while any(connection.open for connection in connections):  # their last events are still to come
        await asyncio.sleep(0)


class Refusals:
    """Refused requests of the control API as events: the first hundred, then each time their number has doubled."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._count = 0

    def tell(self, refusal: Refusal) -> None:
        """One more."""
        self._count += 1
        if self._count <= 100 or self._count & (self._count - 1) == 0:
            self._child.emit(
                ControlRequestRefused(
                    at=time.monotonic_ns(),
                    plane="network",
                    peer=refusal.peer,
                    status=refusal.status,
                    reason=refusal.reason,
                    count=self._count,
                )
            )


if __name__ == "__main__":
    main()
