"""Carry TCP connections from one network to a single place on another, and nothing else.

``python -m chaoskit.sandbox.tcp_relay --listen PORT --to HOST:PORT`` is how the console of ``docker/compose.yaml`` is published: the game
day's own network leads nowhere, so a container beside it, which plays no part in the run, passes connections in. ``--check PORT``
tells whether a relay listens here (a container's health check).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import socket
import sys

from chaoskit.host_port import split_host_port
from chaoskit.sandbox.relay import join, reset


async def relay(listening: socket.socket, host: str, port: int) -> None:
    """Serve until cancelled. While nobody listens at ``host:port``, connections are reset, as if they were refused."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            theirs = await asyncio.open_connection(host, port)
        except OSError:
            reset(writer)
            return
        await join((reader, writer), theirs)

    server = await asyncio.start_server(carry, sock=listening)
    async with server:
        await server.serve_forever()


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="chaoskit.sandbox.tcp_relay")
    parser.add_argument("--listen", type=int, metavar="PORT")
    parser.add_argument("--to", metavar="HOST:PORT")
    parser.add_argument("--check", type=int, metavar="PORT")
    given = parser.parse_args()
    if given.check:
        socket.create_connection(("127.0.0.1", given.check), 3).close()
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # process 1 of a container hears it only so
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(relay(socket.create_server(("", given.listen)), *split_host_port(given.to)))


if __name__ == "__main__":
    main()
