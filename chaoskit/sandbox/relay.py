"""One end of the hole that ``--allow HOST:PORT`` makes in the sandbox: TCP here, a Unix socket in the run's folder to the other end.

It is a program, started as a file with ``python -I -S``: once *inside* the sandbox, where it listens on the dependency's address, and once
*outside*, where it connects to the dependency. A file-system socket is all that the two worlds share. Each connection begins with one
byte from outside, sent when the dependency has accepted; without it the one inside is reset, so a dependency that is down is seen to be.

The first line on standard input is the plan: ``{"role": "inside" or "outside", "folder": the run's, "socket": a file name in it,
"addresses": [[host, port], …]}``: all to listen on, or one to connect to. It answers a line, ``ready`` or what is wrong. It ends when its
standard input ends: no hole outlives the run, whatever killed that.
"""

import asyncio
import contextlib
import json
import os
import socket
import struct
import sys
from collections.abc import Awaitable, Callable

ACCEPTED = b"+"
CHUNK = 1 << 16
RESET_AT_CLOSE = struct.pack("ii", 1, 0)  # socket(7), SO_LINGER with no time: close sends RST

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction, to its end: a half-closed connection stays half open."""
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def join(ours: Streams, theirs: Streams) -> None:
    """Both directions; when one breaks, both are reset."""
    directions = [asyncio.ensure_future(pump(ours[0], theirs[1])), asyncio.ensure_future(pump(theirs[0], ours[1]))]
    try:
        await asyncio.gather(*directions)
    except OSError:
        for direction in directions:
            direction.cancel()
        reset(ours[1])
        reset(theirs[1])
    finally:
        ours[1].close()
        theirs[1].close()


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection as one that was refused."""
    with contextlib.suppress(OSError, AttributeError):  # a Unix socket has no such option
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
    writer.transport.abort()


def inside(path: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """What becomes of a connection of the command's."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            theirs = await asyncio.open_unix_connection(path)
            accepted = await theirs[0].read(1)
        except OSError:
            accepted = b""
        if accepted != ACCEPTED:
            reset(writer)
            return
        await join((reader, writer), theirs)

    return carry


def outside(host: str, port: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """What becomes of a connection from inside."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            theirs = await asyncio.open_connection(host, port)
        except OSError:
            writer.transport.abort()
            return
        writer.write(ACCEPTED)
        await join((reader, writer), theirs)

    return carry


def tell(line: str) -> None:
    """The one line that chaoskit waits for."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def serve(plan: dict[str, str | list[tuple[str, int]]]) -> None:
    """Listen, say so, and carry connections until the input ends."""
    path, addresses = plan["socket"], plan["addresses"]
    assert isinstance(path, str)
    assert isinstance(addresses, list)
    try:
        if plan["role"] == "inside":
            for host, port in addresses:
                await asyncio.start_server(inside(path), host, port)
        else:
            await asyncio.start_unix_server(outside(*addresses[0]), path)
            os.chmod(path, 0o666)  # noqa: PTH101, S103 - the folder is the run's alone; a container is another user in it
    except OSError as error:
        tell(error.strerror or str(error))
        return
    tell("ready")
    ended = asyncio.Event()

    def hear() -> None:
        if not os.read(0, CHUNK):
            ended.set()

    asyncio.get_running_loop().add_reader(0, hear)
    await ended.wait()


def main() -> None:
    """Read the plan and serve."""
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        plan = json.loads(stdin.readline())
    os.chdir(plan["folder"])  # so that the socket's name is short, whatever the folder's is
    asyncio.run(serve(plan))
    os._exit(0)  # connections under way end with us


if __name__ == "__main__":
    main()
