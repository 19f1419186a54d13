"""Containers that are not chaoskit's own: the services of a compose project under test."""

from __future__ import annotations

from typing import Literal, TypeAlias

from chaoskit.journal.events._types import BaseEvent, Instant, Whole

ContainerChange: TypeAlias = Literal["died", "out of memory", "started", "unhealthy", "healthy", "paused", "resumed"]


class ContainersWatched(BaseEvent, frozen=True, kw_only=True, tag="containers_watched"):
    """From here to the end of the run the engine was asked for every change of the project's containers.

    ``services`` are those under test.
    """

    at: Instant
    project: str
    services: tuple[str, ...]


class ContainerChanged(BaseEvent, frozen=True, kw_only=True, tag="container_changed"):
    """The engine said that a container of compose service ``client`` changed; ``exit_code`` is of one that died, 128 + n for signal n.

    ``at`` is when the engine's message came, some milliseconds after the change.
    """

    at: Instant
    client: str
    container: str
    change: ContainerChange
    exit_code: Whole | None = None


ContainerEvent: TypeAlias = ContainersWatched | ContainerChanged
