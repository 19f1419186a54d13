"""Apps: programs of the user's own that a run starts once."""

from __future__ import annotations

from typing import TypeAlias

from chaoskit.journal.events._types import BaseEvent, Instant, Whole


class AppStarted(BaseEvent, frozen=True, kw_only=True, tag="app_started"):
    """An app was started with ``pid``, as the sandbox numbers it: before 0 s, and again by each ``restart``."""

    at: Instant
    client: str
    pid: Whole


class AppReady(BaseEvent, frozen=True, kw_only=True, tag="app_ready"):
    """An app answered at the place of its ``ready``, ``took_ns`` after its start."""

    at: Instant
    client: str
    took_ns: Whole


class AppEnded(BaseEvent, frozen=True, kw_only=True, tag="app_ended"):
    """An app ended by itself: nobody had asked it to. ``exit_code`` is as a shell has it, 128 + n for signal n."""

    at: Instant
    client: str
    exit_code: Whole


AppEvent: TypeAlias = AppStarted | AppReady | AppEnded
