"""Connections through the proxy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.clock import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOpened:
    """The proxy accepted a connection. ``upstream_peer`` is the proxy's own ``host:port`` towards the service, empty where not told.

    ``toxics`` are the injection ids that were on it from the start, where the proxy tells it then (Toxiproxy, by its log).
    """

    kind: Literal["connection_opened"] = "connection_opened"
    at: Instant
    connection: str
    proxy: str
    peer: str
    upstream_peer: str
    toxics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionClosed:
    """A proxied connection ended. ``toxics`` are the injection ids that it met; bytes as passed on to each side.

    ``unseen`` are those that acted on it in vain: another one swallowed what they did, or it was too small to be felt.
    """

    kind: Literal["connection_closed"] = "connection_closed"
    at: Instant
    connection: str
    proxy: str
    bytes_up: int
    bytes_down: int
    toxics: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRequestRefused:
    """The proxy's control API was sent what is no request that it serves: its client's mistake, and no failure of the plane.

    ``peer`` is the client's ``host:port``, ``status`` the HTTP status that it got. ``count`` is how many there have been, this one
    included: of very many, only some are told.
    """

    kind: Literal["control_request_refused"] = "control_request_refused"
    at: Instant
    plane: Literal["network"]
    peer: str
    status: int
    reason: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakesDropped:
    """While ``toxic`` kept the accept queue of ``proxy`` full, the kernel dropped ``packets`` that would open connections there.

    Told when the toxic is lifted. One connection may count several times: its packet is sent again until it is answered.
    """

    kind: Literal["handshakes_dropped"] = "handshakes_dropped"
    at: Instant
    proxy: str
    toxic: str
    packets: int


ProxyEvent: TypeAlias = ConnectionOpened | ConnectionClosed | HandshakesDropped | ControlRequestRefused
