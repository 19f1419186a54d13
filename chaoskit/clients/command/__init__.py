"""``command``: a command of the user's own, run anew for every call; it succeeds when its exit code is 0.

A process per call means a cold connection for every call. To run one command for the whole time, with its terminal and
its output, there is ``chaoskit exec``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaoskit.errors import PlaneError
from chaoskit.units import MILLISECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is run (``argv``: the program and its words) and how often."""

    client: str
    argv: tuple[str, ...]
    every_ns: int = 250 * MILLISECOND

    @classmethod
    def from_json(cls, plan: dict[str, Any]) -> Command:
        """The plan of a first line; settings of other clients in it are left aside. Raises ``PlaneError`` where there is no command."""
        if not plan.get("argv"):
            raise PlaneError(f"client {plan.get('client')}: 'use: command' needs 'argv: [program, word, …]'")
        every = {"every_ns": plan["every_ns"]} if "every_ns" in plan else {}
        return cls(client=plan["client"], argv=tuple(plan["argv"]), **every)
