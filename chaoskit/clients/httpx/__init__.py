"""``httpx``: a probe that sends HTTP/1.1 requests by httpx's asynchronous client.

It looks names up by the system's resolver, once for each connection, and keeps none. Its own time-out of 5 s for connecting, reading
and waiting for its pool is as httpx sets it. *warm* is one client with its pool; *cold* one that closes each connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoskit.clients.http import Http


@dataclass(frozen=True, slots=True, kw_only=True)
class Httpx(Http):
    """What is asked and how: the settings of ``http``."""

    PACKAGES: ClassVar[tuple[str, ...]] = ("httpx",)
