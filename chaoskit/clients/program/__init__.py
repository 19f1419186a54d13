"""``program``: one of an experiment's ``apps``, a program of the user's own that is started once and left to itself.

Its process here starts it, waits until it is ready, keeps what it prints, asks its health, and tells when it ends by itself. That is a
finding, and no failure of the harness, once the timeline runs; before that the run is invalid, and says what the app printed last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaoskit.units import SECOND

POLL_EVERY_NS = SECOND // 10
"""How often its health is asked, and whether it is ready."""

ASK_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is started and how. ``logs`` is the folder for what it prints, in ``<client>.stdout.log`` and ``<client>.stderr.log``.

    ``ready`` is a URL or ``host:port``, ``health`` a URL; None: there is none. ``again``: a fault has ended it before, and it is started
    anew: whether it becomes ready is then what the run is about.
    """

    client: str
    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    ready: str | None
    ready_within_ns: int
    health: str | None
    logs: str
    again: bool = False

    @classmethod
    def from_json(cls, plan: dict[str, Any]) -> Program:
        """The plan of a first line."""
        return cls(**{**plan, "argv": tuple(plan["argv"])})
