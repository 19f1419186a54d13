"""Connections through the proxy."""

from __future__ import annotations

from typing import Literal, TypeAlias

from chaoskit.journal.events._types import BaseEvent, Instant, Whole


class ConnectionOpened(BaseEvent, frozen=True, kw_only=True, tag="connection_opened"):
    """The proxy accepted a connection. ``upstream_peer`` is the proxy's own ``host:port`` towards the service, empty where not told.

    ``toxics`` are the injection ids that were on it from the start, where the proxy tells it then (Toxiproxy, by its log).
    """

    at: Instant
    connection: str
    proxy: str
    peer: str
    upstream_peer: str
    toxics: tuple[str, ...] = ()


class ConnectionClosed(BaseEvent, frozen=True, kw_only=True, tag="connection_closed"):
    """A proxied connection ended. ``toxics`` are the injection ids that it met; bytes as passed on to each side.

    ``unseen`` are those that acted on it in vain: another one swallowed what they did, or it was too small to be felt.
    """

    at: Instant
    connection: str
    proxy: str
    bytes_up: Whole
    bytes_down: Whole
    toxics: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


class ControlRequestRefused(BaseEvent, frozen=True, kw_only=True, tag="control_request_refused"):
    """The proxy's control API was sent what is no request that it serves: its client's mistake, and no failure of the plane.

    ``peer`` is the client's ``host:port``, ``status`` the HTTP status that it got. ``count`` is how many there have been, this one
    included: of very many, only some are told.
    """

    at: Instant
    plane: Literal["network"]
    peer: str
    status: Whole
    reason: str
    count: Whole = 1


class HandshakesDropped(BaseEvent, frozen=True, kw_only=True, tag="handshakes_dropped"):
    """While ``toxic`` kept the accept queue of ``proxy`` full, the kernel dropped ``packets`` that would open connections there.

    Told when the toxic is lifted. One connection may count several times: its packet is sent again until it is answered.
    """

    at: Instant
    proxy: str
    toxic: str
    packets: Whole


ProxyEvent: TypeAlias = ConnectionOpened | ConnectionClosed | HandshakesDropped | ControlRequestRefused
