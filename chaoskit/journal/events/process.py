"""Processes of a run."""

from __future__ import annotations

from typing import TypeAlias

from chaoskit.journal.events._types import BaseEvent, Instant, Whole


class ProcessEnded(BaseEvent, frozen=True, kw_only=True, tag="process_ended"):
    """A process of the run ended. ``expected`` is false when nobody had asked it to."""

    at: Instant
    process: str
    exit_code: Whole
    expected: bool


class PlaneStalled(BaseEvent, frozen=True, kw_only=True, tag="plane_stalled"):
    """A plane's process gave no sign of life from ``since`` to ``until``, though it was not paused by an injection.

    ``until`` is the next sign, or when the run was over.
    """

    at: Instant
    plane: str
    since: Instant
    until: Instant


ProcessEvent: TypeAlias = ProcessEnded | PlaneStalled
