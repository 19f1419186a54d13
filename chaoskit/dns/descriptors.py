"""File descriptors: how many this process may open, raised where that is allowed, and who gets how many of them."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ENOUGH = 4096
"""What a server never needs more of: 512 TCP connections, 256 questions upstream, 64 connections for control, and itself."""

OWN = 40
"""Listeners, event loops, the query log, standard streams."""

BURST = 100
"""Connections that an event loop accepts before it looks at any of them (asyncio's default backlog)."""

SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


@dataclass(frozen=True, slots=True)
class Shares:
    """The most of each kind at once."""

    tcp: int
    control: int
    upstream: int


def raise_limit() -> int:
    """Let this process open as many as it may ask for, up to ``ENOUGH``; returns how many it may open now."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft == resource.RLIM_INFINITY or soft >= most:
        return ENOUGH if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def shares(limit: int, *, forwards: bool) -> Shares:
    """How ``limit`` descriptors are shared out, so that askers never take those of the operator. ``forwards``: an upstream is asked."""
    control = max(4, min(64, limit // 8))
    upstream = max(4, min(256, limit // 4)) if forwards else 0
    rest = limit - OWN - BURST - 2 * control - upstream  # twice: as many may be accepted before one is closed
    return Shares(max(8, min(512, rest)), control, upstream)


def in_use() -> int | None:
    """How many are open now; None where that cannot be seen."""
    try:
        return sum(1 for _ in Path("/dev/fd").iterdir())
    except OSError:
        return None


def is_scarcity(context: dict[str, Any]) -> bool:
    """Whether an event loop complains (see ``loop.set_exception_handler``) that there were none left, and goes on by itself."""
    error = context.get("exception")
    return isinstance(error, OSError) and error.errno in SCARCE
