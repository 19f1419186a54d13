"""``python -m chaoskit.network.embedded``: the embedded proxy as a process.

Its plan is ``{"host", "port", "seed", "within"}``; its ready event is ``plane_ready`` with the address of its HTTP API under ``api``; then
come connection events. It ends on ``stop``, or when its standard input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import sys
import time
import traceback
from typing import Any, NoReturn

from chaoskit.child import Child, Command
from chaoskit.errors import HarnessError
from chaoskit.journal.events import HarnessFailed, PlaneReady
from chaoskit.network.embedded.addresses import host_port, parse
from chaoskit.network.embedded.api import Api
from chaoskit.network.embedded.http import serve
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
        """A fault of our own would look like a toxic: say so, and end."""
        error = context.get("exception")
        failed(f"the embedded proxy failed: {context['message']}: {error!r}")
        if error is not None:
            traceback.print_exception(error)
        child.leave(HarnessError.exit_code)

    loop.set_exception_handler(broke)
    _raise_open_files()
    api = Api(plan.get("seed", 0), EventSink(child.emit, failed), plan.get("within", ()))
    host, port = parse(f"{plan.get('host', '127.0.0.1')}:{plan.get('port', 0)}")
    server = await serve(api.handle, host, port)
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


def _raise_open_files() -> None:
    """Each connection takes two files; the usual soft limit of 1024 is for programs that use select(2)."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS refuses "unlimited"
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    main()
