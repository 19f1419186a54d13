"""Containers that are not chaoskit's own: the services of a compose project under test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.clock import Instant

ContainerChange: TypeAlias = Literal["died", "out of memory", "started", "unhealthy", "healthy", "paused", "resumed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainersWatched:
    """From here to the end of the run the engine was asked for every change of the project's containers.

    ``services`` are those under test.
    """

    kind: Literal["containers_watched"] = "containers_watched"
    at: Instant
    project: str
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerChanged:
    """The engine said that a container of compose service ``client`` changed; ``exit_code`` is of one that died, 128 + n for signal n.

    ``at`` is when the engine's message came, some milliseconds after the change.
    """

    kind: Literal["container_changed"] = "container_changed"
    at: Instant
    client: str
    container: str
    change: ContainerChange
    exit_code: int | None = None


ContainerEvent: TypeAlias = ContainersWatched | ContainerChanged
