"""Where a process fault bites: a client of the experiment, or the machine behind a plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

PAUSABLE = ("service", "network")
"""Planes that may be paused: the mock AWS (a service that hangs) and the proxy. DNS may not: without the canary no run is valid."""


@dataclass(frozen=True, slots=True)
class ProcessTarget:
    """The process: a client of the experiment, or a plane of ``PAUSABLE``."""

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    process: str

    def describe(self) -> str:
        """Name the process, for people."""
        return self.process
