"""Processes of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.clock import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessEnded:
    """A process of the run ended. ``expected`` is false when nobody had asked it to."""

    kind: Literal["process_ended"] = "process_ended"
    at: Instant
    process: str
    exit_code: int
    expected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneStalled:
    """A plane's process gave no sign of life from ``since`` to ``until``, though it was not paused by an injection.

    ``until`` is the next sign, or when the run was over.
    """

    kind: Literal["plane_stalled"] = "plane_stalled"
    at: Instant
    plane: str
    since: Instant
    until: Instant


ProcessEvent: TypeAlias = ProcessEnded | PlaneStalled
