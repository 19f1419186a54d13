"""``aiohttp``: a probe that sends HTTP requests by aiohttp, whose lookups are c-ares's by way of aiodns.

That is aiohttp's own choice wherever aiodns is installed. c-ares asks the name servers of resolv.conf itself and keeps answers, negative
ones too, in a cache of its own in front of aiohttp's, which keeps addresses for 10 s. Both are as aiohttp sets them. *warm* is one
session with its pool; *cold* one session that closes each connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoskit.clients.http import Http


@dataclass(frozen=True, slots=True, kw_only=True)
class Aiohttp(Http):
    """What is asked and how: the settings of ``http``."""

    PACKAGES: ClassVar[tuple[str, ...]] = ("aiohttp", "aiodns")
    RESOLVER: ClassVar[str | None] = "c-ares"
