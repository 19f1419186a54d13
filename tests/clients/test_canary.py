from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from chaoskit.clients.canary import Canary
from chaoskit.clients.canary import __main__ as canary
from chaoskit.journal.events import WORK_NS, CanaryChecked, ClientReady
from chaoskit.units import HOUR, MILLISECOND, MINUTE
from tests.clients.children import FakeChild
from tests.clients.endpoint import no_address

PERIOD = 20 * MILLISECOND


def looked() -> list[CanaryChecked]:
    """Two looks at a canary name, in this process; the resolver is whatever ``socket.getaddrinfo`` now is."""
    child = FakeChild()
    looking = canary.Looks(child, Canary(client="canary", name="canary.chaoskit.test", every_ns=PERIOD))

    async def run() -> None:
        origin = time.monotonic_ns()
        task = asyncio.create_task(looking.run(origin, origin + HOUR))
        while len(child.events) < 2:
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(asyncio.wait_for(run(), 30))
    return child.of(CanaryChecked)


def test_a_name_that_resolves(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def resolver(*args: Any, **_: Any) -> Any:
        asked.append(args[0])
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 443))] * 2

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    looks = looked()
    assert set(asked) == {"canary.chaoskit.test"}
    assert len(looks) == 2
    assert {(look.ok, look.detail) for look in looks} == {(True, "192.0.2.7")}
    assert all(look.latency_ns >= 0 for look in looks)
    assert all(look.work_ns is not None and look.work_ns >= WORK_NS for look in looks), "how busy the machine is"


def test_a_name_that_does_not_resolve_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", no_address)
    look = looked()[0]
    assert (look.ok, look.detail) == (False, "gaierror -5: No address associated with hostname")


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A resolver that answers only when the test is over."""
    over = threading.Event()

    def wait(*_: Any, **__: Any) -> Any:
        over.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    yield
    over.set()
    for thread in threading.enumerate():
        if thread.name == "look":
            thread.join(30)


@pytest.mark.usefixtures("silence")
def test_a_look_that_hangs_is_given_up_and_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary, "PATIENCE_NS", 10 * MILLISECOND)
    looks = looked()
    assert {(look.ok, look.detail) for look in looks} == {(False, "no answer within 30 ms")}
    assert all(look.latency_ns >= 30 * MILLISECOND for look in looks)


def test_it_says_what_it_looks_at() -> None:
    ready = canary.Looks(FakeChild(), Canary(client="canary", name="n", every_ns=MINUTE)).ready()
    assert isinstance(ready, ClientReady)
    assert (ready.use, ready.settings) == ("canary", {"name": "n", "every": "60 s"})
