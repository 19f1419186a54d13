"""Events of programs that are more than a client: the user's own command, and an application with a health endpoint.

They belong to the union in ``events.py``, which is where to import them from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chaoskit.clock import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandStarted:
    """The user's own command (``chaoskit exec``) was let go in ``folder``; ``client`` is what the DNS server calls it."""

    kind: Literal["command_started"] = "command_started"
    at: Instant
    client: str
    argv: tuple[str, ...]
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFinished:
    """The user's own command ended: ``exit_code`` as a shell has it, 128 + n for signal n.

    ``refused`` is the system's reason where it could not even be started.
    """

    kind: Literal["command_finished"] = "command_finished"
    at: Instant
    client: str
    exit_code: int
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChecked:
    """A client's health endpoint was asked over HTTP; ``status`` is its answer's, None when there was none in time."""

    kind: Literal["health_checked"] = "health_checked"
    at: Instant
    client: str
    status: int | None
    latency_ns: int
