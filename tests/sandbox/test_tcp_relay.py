"""The relay carries connections to one place."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from chaoskit.sandbox.tcp_relay import relay


async def exchange(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"hello")
        writer.write_eof()
        return await reader.read()
    except ConnectionError:
        return b"reset"
    finally:
        writer.close()


def test_both_directions_and_a_place_where_nobody_listens() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"you said " + await reader.read())
        writer.close()

    async def run() -> list[bytes]:
        listening = socket.create_server(("127.0.0.1", 0))
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        there = server.sockets[0].getsockname()[1]
        task = asyncio.ensure_future(relay(listening, "127.0.0.1", there))
        port = listening.getsockname()[1]
        replies = [await exchange(port)]
        server.close()
        await server.wait_closed()
        replies.append(await exchange(port))
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return replies

    assert asyncio.run(run()) == [b"you said hello", b"reset"]
