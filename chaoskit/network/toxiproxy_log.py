"""Which connections Toxiproxy put through a toxic, from its own log.

Toxiproxy's API tells nothing of connections. Its log does, in order: a toxic created, a client accepted, each stream of the connection
set up. A stream is set up with all toxics that its proxy has at that moment, so one that is set up after the toxic was created, and
read of before we ask to remove it, has the toxic. That is all that is claimed: nothing for a connection that was open before, and
nothing for a toxicity below 1, because the log is silent on the dice.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

from chaoskit.journal.events import ConnectionOpened, Event
from chaoskit.network.driver import Control
from chaoskit.network.plan import ProxySpec
from chaoskit.network.target import Stream
from chaoskit.network.toxics import Toxic
from chaoskit.network.toxics.bandwidth import Bandwidth
from chaoskit.network.toxics.latency import Latency
from chaoskit.network.toxics.reset_peer import ResetPeer
from chaoskit.network.toxics.slicer import Slicer
from chaoskit.network.toxics.timeout import Timeout
from chaoskit.timeline.injection import FELT_NS
from chaoskit.units import MILLISECOND

HANDSHAKE_LEAST = 250
"""Bytes that a TLS handshake carries each way, at the least (a ClientHello with a host name; RFC 8446 §4.1.2)."""


def _bites_every_connection(toxic: Toxic) -> bool:
    """Whether every TLS connection, which always carries bytes both ways, feels it.

    ``slow_close`` and ``limit_data`` bite some connections only, and which ones is not in the log.
    """
    match toxic:
        case Timeout() | ResetPeer():
            return True
        case Bandwidth():
            return toxic.rate * FELT_NS <= HANDSHAKE_LEAST * MILLISECOND  # a rate of 1 is a byte a millisecond
        case Latency():
            return toxic.latency - toxic.jitter >= FELT_NS
        case Slicer():
            pieces = HANDSHAKE_LEAST // (toxic.average_size + toxic.size_variation)
            return pieces * toxic.delay >= FELT_NS
        case _:
            return False


def _swallows(toxic: Toxic) -> bool:
    """Whether nothing gets through it, so that nobody sees what other toxics do to the connection."""
    return isinstance(toxic, Timeout | ResetPeer)


class Log:
    """Reads the log; ``emit`` gets a ``ConnectionOpened`` for each connection, ``failed`` a service that cannot be reached."""

    def __init__(self, emit: Callable[[Event], None], failed: Callable[[str], None]) -> None:
        self._emit = emit
        self._failed = failed
        self._asked: dict[tuple[str, str], Stream] = {}
        self._on: dict[tuple[str, str], Stream] = {}
        self._accepted: dict[str, str] = {}
        self._met: dict[str, tuple[str, ...]] = {}
        self._swallowing: set[tuple[str, str]] = set()
        self._count = 0

    def expect(self, proxy: str, name: str, stream: Stream, *, swallows: bool = False) -> None:
        """A toxic is about to be created; one that ``swallows`` lets nothing through."""
        self._asked[proxy, name] = stream
        if swallows:
            self._swallowing.add((proxy, name))

    def forget(self, proxy: str, name: str) -> None:
        """A toxic is about to be removed."""
        self._asked.pop((proxy, name), None)
        self._on.pop((proxy, name), None)
        self._swallowing.discard((proxy, name))

    def line(self, raw: bytes) -> None:
        """One line of the log. What is no JSON, and what is an error, goes to standard error for a person to read."""
        try:
            told: dict[str, Any] = json.loads(raw)
            level, proxy = told["level"], str(told.get("name", ""))
        except (ValueError, TypeError, KeyError):
            sys.stderr.buffer.write(raw)
            return
        message = told.get("message")
        if message == "Unable to open connection to upstream":
            self._failed(f"proxy {proxy} cannot reach its service at {told.get('upstream')}: {told.get('error')}")
        elif level in ("error", "fatal"):
            sys.stderr.buffer.write(raw)
        elif told.get("handler") == "ToxicCreate" and told.get("status") == 200:
            self._created(unquote(str(told.get("url"))))
        elif message == "Accepted client":
            self._accepted[proxy] = str(told.get("client"))
            self._met[proxy] = ()
        elif message == "Setup connection" and proxy in self._accepted:
            self._set_up(proxy, str(told.get("direction")))

    def _created(self, url: str) -> None:
        created = [key for key in self._asked if url == f"/proxies/{key[0]}/toxics"]
        for key in created[:1]:  # its driver asks for one at a time
            self._on[key] = self._asked.pop(key)

    def _set_up(self, proxy: str, direction: str) -> None:
        on = tuple(self._on.items())
        self._met[proxy] += tuple(name for (where, name), stream in on if where == proxy and stream == direction)
        if direction == "upstream":  # Toxiproxy sets it up first
            return
        self._count += 1
        self._emit(
            ConnectionOpened(
                at=time.monotonic_ns(),
                connection=f"{proxy}#{self._count}",
                proxy=proxy,
                peer=self._accepted.pop(proxy),
                upstream_peer="",
                toxics=self._seen(proxy, self._met.pop(proxy)),
            )
        )

    def _seen(self, proxy: str, names: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the toxics on a connection whose doing its client sees for certain: what swallows all hides the others."""
        swallowing = tuple(name for name in names if (proxy, name) in self._swallowing)
        if len(swallowing) > 1:
            return ()  # which of them ended it, or would have, is not in the log
        return swallowing or names


class LogFedControl:
    """A control that tells the log what to look for."""

    def __init__(self, control: Control, log: Log) -> None:
        self._control = control
        self._log = log

    def populate(self, proxies: Iterable[ProxySpec]) -> dict[str, str]:
        return self._control.populate(proxies)

    def remove_proxy(self, name: str) -> None:
        self._control.remove_proxy(name)

    def switch(self, proxy: str, *, on: bool) -> None:
        self._control.switch(proxy, on=on)

    def add_toxic(self, proxy: str, name: str, toxic: Toxic, stream: Stream, toxicity: float) -> None:
        if toxicity == 1 and _bites_every_connection(toxic):
            self._log.expect(proxy, name, stream, swallows=_swallows(toxic))
        self._control.add_toxic(proxy, name, toxic, stream, toxicity)

    def remove_toxic(self, proxy: str, name: str) -> None:
        self._log.forget(proxy, name)
        self._control.remove_toxic(proxy, name)
