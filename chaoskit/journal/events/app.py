"""Apps: programs of the user's own that a run starts once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.clock import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class AppStarted:
    """An app was started with ``pid``, as the sandbox numbers it: before 0 s, and again by each ``restart``."""

    kind: Literal["app_started"] = "app_started"
    at: Instant
    client: str
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppReady:
    """An app answered at the place of its ``ready``, ``took_ns`` after its start."""

    kind: Literal["app_ready"] = "app_ready"
    at: Instant
    client: str
    took_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppEnded:
    """An app ended by itself: nobody had asked it to. ``exit_code`` is as a shell has it, 128 + n for signal n."""

    kind: Literal["app_ended"] = "app_ended"
    at: Instant
    client: str
    exit_code: int


AppEvent: TypeAlias = AppStarted | AppReady | AppEnded
