"""``full_backlog``: handshakes hang at a full accept queue, are counted by the kernel, and come through once it is lifted."""

from __future__ import annotations

import asyncio
import socket

import pytest

from chaoskit.errors import ExperimentError
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import resolve
from chaoskit.journal.events import ConnectionOpened, HandshakesDropped
from chaoskit.network.embedded.proxy import Proxy
from tests.network.lab import Lab, laboratory


def dial(proxy: Proxy) -> socket.socket:
    """A connection that has been asked for; on loopback its first packet has come or gone when this returns."""
    client = socket.socket()
    client.setblocking(False)
    host, _, port = proxy.listen.rpartition(":")
    client.connect_ex((host, int(port)))
    return client


def is_open(client: socket.socket) -> bool:
    try:
        client.getpeername()
    except OSError:
        return False
    return True


async def lift(lab: Lab, toxic: str = "t") -> None:
    assert await lab.call("DELETE", f"proxies/p/toxics/{toxic}") == (204, b"")


def test_a_handshake_hangs_and_open_connections_live() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            reader, writer = await lab.connect(proxy)
            await lab.opened()
            await lab.toxic("full_backlog")
            assert proxy.enabled
            clients = [dial(proxy) for _ in range(3)]
            assert not any(map(is_open, clients))
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"
            await lift(lab)
            (dropped,) = lab.of(HandshakesDropped)
            assert (dropped.proxy, dropped.toxic) == ("p", "t")
            assert dropped.packets >= 3
            for client in clients:
                client.close()
            reader, writer = await lab.connect(proxy)
            writer.write(b"y")
            assert await reader.readexactly(1) == b"y"
            assert len(await lab.opened(2)) == 2, "our own connection in the queue is nobody's"

    asyncio.run(run())


def test_nothing_was_dropped_where_nobody_dialled() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            await lab.proxy()
            await lab.toxic("full_backlog")
            await lift(lab)
            assert lab.of(HandshakesDropped) == []
            assert lab.of(ConnectionOpened) == []

    asyncio.run(run())


def test_two_of_them_each_count_their_own_time() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            proxy = await lab.proxy()
            await lab.toxic("full_backlog", "first")
            dial(proxy).close()
            await lab.toxic("full_backlog", "second")
            await lift(lab, "first")
            client = dial(proxy)
            assert not is_open(client), "the second is still on"
            assert (await lab.call("POST", "proxies/p", {"enabled": False}))[0] == 200
            client.close()
            assert [(told.toxic, told.packets) for told in lab.of(HandshakesDropped)] == [("first", 1), ("second", 1)]
            assert (await lab.call("POST", "proxies/p", {"enabled": True}))[0] == 200
            client = dial(proxy)
            assert not is_open(client), "a proxy that is switched on again has its toxics"
            client.close()
            assert (await lab.call("POST", "reset"))[0] == 204
            client = dial(proxy)
            assert is_open(client)
            client.close()

    asyncio.run(run())


def test_a_part_of_the_connections_is_refused() -> None:
    async def run() -> None:
        async with laboratory() as lab:
            await lab.proxy()
            body = {"name": "t", "type": "full_backlog", "toxicity": 0.5}
            status, answer = await lab.call("POST", "proxies/p/toxics", body)
            assert (status, answer["error"]) == (400, "full_backlog acts on every new connection, so its toxicity is 1")
            await lab.toxic("full_backlog")
            status, answer = await lab.call("POST", "proxies/p/toxics/t", {"toxicity": 0.5})
            assert status == 400

    asyncio.run(run())
    text = (
        "title: t\nclients: {app: {use: boto3}}\ntimeline:\n"
        "  - {network: full_backlog, where: dynamodb, chance: 0.5, when: {from: 0s, for: 1s}}\n"
    )
    with pytest.raises(ExperimentError, match=r"timeline\[0\]\.chance: a full accept queue takes no new connection"):
        resolve(read_document("x.yaml", text), 1.0)
