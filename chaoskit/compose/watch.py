"""What Docker's engine tells of a project's containers while it is under test, as events for the run's journal."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from chaoskit.clock import Instant
from chaoskit.compose.engine import Docker
from chaoskit.compose.overlay import TOOK_LABEL
from chaoskit.compose.running import ONE_OFF, PROJECT, SERVICE
from chaoskit.journal.events import ContainerChange, ContainerChanged, ContainersWatched, Event, HarnessFailed

CHANGES: dict[str, ContainerChange] = {
    "die": "died",
    "oom": "out of memory",
    "start": "started",
    "health_status: unhealthy": "unhealthy",
    "health_status: healthy": "healthy",
    "pause": "paused",
    "unpause": "resumed",
}
"""Actions of the engine (Docker Engine API, "Monitor events") and what they say of a container."""

ONE_CLOCK_NS = 60 * 10**9
"""Clocks of one machine differ by less than this; those of a machine and of a virtual one in it by their starts."""


def change_of(message: dict[str, Any], at: Instant) -> ContainerChanged | None:
    """What a message of the engine says of a service; None for another action, one of ours, and those of ``docker compose run``."""
    about = message["Actor"]["Attributes"]
    change = CHANGES.get(message["Action"])
    if change is None or TOOK_LABEL in about or about.get(ONE_OFF) == "True" or SERVICE not in about:
        return None
    code = about.get("exitCode")
    return ContainerChanged(
        at=at,
        client=about[SERVICE],
        container=about["name"],
        change=change,
        exit_code=int(code) if change == "died" and code is not None else None,
    )


class ContainerWatch:
    """Follows the engine's events of a project from ``begin`` to ``end``, on a thread; ``append`` gets each change.

    ``latest`` gives the instant of the run's last event: the clock of a run in a virtual machine is not ours.
    """

    def __init__(
        self,
        docker: Docker,
        project: str,
        services: Sequence[str],
        append: Callable[[Event], object],
        latest: Callable[[], Instant],
    ) -> None:
        self._docker, self._project, self._services = docker, project, tuple(services)
        self._append, self._latest = append, latest
        self._since = time.time()
        self._ending = False
        self._following: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._listen, name="container watch", daemon=True)

    def begin(self) -> None:
        """Say that all is watched from now on. What happened since this object was made is told too."""
        self._append(ContainersWatched(at=self._now(), project=self._project, services=self._services))
        filters = ("--filter", "type=container", "--filter", f"label={PROJECT}={self._project}")
        self._following = self._docker.follow(
            "events", "--since", f"{self._since:.9f}", *filters, "--format", "{{json .}}"
        )
        self._thread.start()

    def end(self) -> None:
        """Stop; whatever the engine has told until now has been appended when this returns. Safe to call again."""
        self._ending = True
        if self._following is not None:
            self._following.terminate()
            self._thread.join()
            self._following.communicate()
            self._following = None

    def _listen(self) -> None:
        assert self._following is not None
        assert self._following.stdout is not None
        try:
            for line in self._following.stdout:
                change = change_of(json.loads(line), self._now())
                if change is not None:
                    self._append(change)
        finally:
            if not self._ending:
                message = "docker events ended before the run, so nobody saw whether a container died"
                self._append(HarnessFailed(at=self._now(), part="container watch", message=message))

    def _now(self) -> Instant:
        here, there = time.monotonic_ns(), self._latest()
        return here if abs(here - there) < ONE_CLOCK_NS else there
