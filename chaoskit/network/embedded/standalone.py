"""``chaoskit proxy``: the embedded proxy alone, for whoever drives it by Toxiproxy's HTTP API."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chaoskit.errors import InputError
from chaoskit.host_port import host_port
from chaoskit.journal.events import Event
from chaoskit.network.embedded.addresses import Reach
from chaoskit.network.embedded.api import Api
from chaoskit.network.embedded.http import Refusal, Request, serve
from chaoskit.network.embedded.limits import raise_open_files
from chaoskit.network.embedded.populate_file import ProxyEntry
from chaoskit.network.embedded.proxy import EventSink


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the API listens, which proxies there are from the start, and what they may reach."""

    host: str
    port: int
    proxies: tuple[ProxyEntry, ...]
    reach: Reach
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Listening:
    """It serves: the API's address, and (name, listen, upstream, enabled) of each proxy."""

    api: str
    proxies: tuple[tuple[str, str, str, bool], ...]


async def serve_alone(
    settings: Settings,
    on_ready: Callable[[Listening], None],
    emit: Callable[[Event], None],
    complain: Callable[[str], None],
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP. ``emit`` gets what happens to connections, ``complain`` what goes wrong.

    Raises ``InputError`` when an address cannot be had; then nothing listens any more.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    loop.set_exception_handler(lambda _, context: complain(_described(context)))
    api = Api(settings.seed, EventSink(emit, complain), settings.reach, raise_open_files())

    def refused(refusal: Refusal) -> None:
        complain(f"{refusal.peer} was refused with {refusal.status}: {refusal.reason}")

    try:
        try:
            server = await serve(api.handle, settings.host, settings.port, refused)
        except OSError as error:
            place = host_port((settings.host, settings.port))
            raise InputError(f"--listen {place}: {error.strerror}; name another address") from error
        with_api = host_port(server.sockets[0].getsockname())
        for entry in settings.proxies:
            await _make(api, entry)
        proxies = tuple((p.name, p.listen, p.upstream, p.enabled) for p in api.proxies.values())
        on_ready(Listening(with_api, proxies))
        await stop.wait()
        server.close()
    finally:
        connections = [connection for proxy in api.proxies.values() for connection in proxy.connections]
        api.stop()
        while any(connection.open for connection in connections):  # their last events are still to come
            await asyncio.sleep(0)


async def _make(api: Api, entry: ProxyEntry) -> None:
    """By the API itself, so that file and API mean the same. Raises ``InputError``."""
    body = {"name": entry.name, "listen": entry.listen, "upstream": entry.upstream, "enabled": entry.enabled}
    response = await api.handle(Request("POST", ("proxies",), {}, json.dumps(body).encode()))
    if response.status != 201:
        raise InputError(f"proxy {entry.name!r}: {json.loads(response.body)['error']}; give it another address")


def _described(context: dict[str, Any]) -> str:
    return f"the embedded proxy has a bug: {context['message']}: {context.get('exception')!r}"
