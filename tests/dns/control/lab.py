"""The control API in this process: a real HTTP server and desk, on a loop of their own, with a clock that stands still."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chaoskit.clock import VirtualClock
from chaoskit.dns.control.address import Tcp
from chaoskit.dns.control.api import Api, Bridge, make_app
from chaoskit.dns.control.controller import InjectionController
from chaoskit.dns.control.event_stream import EventStream
from chaoskit.dns.control.gate import Gate
from chaoskit.dns.control.http import ControlThread, bind
from chaoskit.dns.control.leases import LeaseRules
from chaoskit.dns.control.metrics import QueryMetrics
from chaoskit.dns.names import DEFAULT_CANARY
from chaoskit.dns.responder import Responder
from chaoskit.dns.zone import Zones
from chaoskit.timeline.injection import Timeline
from chaoskit.units import SECOND

START = 1_000 * SECOND
JSON = {"Content-Type": "application/json"}
ZONE: dict[str, Any] = {
    "apex": "example.com",
    "records": [{"name": "api.example.com", "rtype": "A", "ttl": 5, "data": "192.0.2.1"}],
}


class Server:
    """What the desk sees of the DNS server."""

    def __init__(self) -> None:
        self.responder = Responder(Zones({}), Timeline(), 1)
        self.forgotten: list[str] = []
        self.dropped = 0

    def forget(self, injection: str) -> None:
        self.forgotten.append(injection)

    def drop_late(self) -> None:
        self.dropped += 1


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Lab:
    """The API and what is behind it."""

    host: str
    port: int
    clock: VirtualClock
    server: Server
    desk: InjectionController
    feed: EventStream
    tally: QueryMetrics
    loop: asyncio.AbstractEventLoop
    died: threading.Event

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=60)

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] = JSON) -> Answer:
        connection = self.connection()
        data = body if isinstance(body, bytes) or body is None else json.dumps(body)
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        found = Answer(
            answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read().decode()
        )
        connection.close()
        return found

    def on_dns(self, act: Any) -> None:
        """Do something on the thread of the DNS server."""
        done = threading.Event()
        self.loop.call_soon_threadsafe(act)
        self.loop.call_soon_threadsafe(done.set)
        assert done.wait(60)


@contextmanager
def lab(token: str | None = None) -> Iterator[Lab]:
    """All of it, ended at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server, clock, feed, tally = Server(), VirtualClock(START), EventStream(), QueryMetrics()
    desk = InjectionController(server, clock, LeaseRules(), DEFAULT_CANARY, feed.publish)
    desk.swap_zones(Zones.from_plan([ZONE]))
    bound, address = bind(Tcp("127.0.0.1", 0))
    assert isinstance(address, Tcp)
    app = make_app(Api(Bridge(loop, desk), feed, tally, ("127.0.0.1:53",)), Gate(token, local=True))
    died = threading.Event()
    control = ControlThread(app, bound, died.set)
    control.start()
    try:
        yield Lab(address.host, address.port, clock, server, desk, feed, tally, loop, died)
    finally:
        control.stop(feed.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()
