"""Which of chaoskit's containers, networks and volumes are of a run that is over, so that they may be removed. Pure.

A run labels what it makes with the process that made it (``OWNER``): while that lives, the run does. The containers of
``docker/compose.yaml`` are made by Compose, which is gone while they run: so a game day is at work as long as one of them runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from chaoskit.sandbox.owner import Owner

LABEL = "chaoskit.run"
"""On every container, network and volume that a run makes; its value is the run's id."""

OWNER = "chaoskit.owner"
"""The process whose run it is, as JSON of ``Owner``."""

PROJECT = "com.docker.compose.project"


@dataclass(frozen=True, slots=True)
class Resource:
    """A container, network or volume with its labels; ``running`` says of a container that it runs."""

    kind: Literal["container", "network", "volume"]
    id: str
    name: str
    labels: Mapping[str, str]
    running: bool = False

    @property
    def run(self) -> tuple[str, str, str]:
        """What all resources of one run have in common."""
        return self.labels.get(LABEL, ""), self.labels.get(PROJECT, ""), self.labels.get(OWNER, "")

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def labels_of(run: str) -> dict[str, str]:
    """The labels of what this process makes for the run with this id."""
    return {LABEL: run, OWNER: Owner.here().to_json()}


def at_work(resources: Iterable[Resource]) -> dict[tuple[str, str, str], str]:
    """Of each run (``Resource.run``) that may still be at work, who is, for people. What is in none of them is left over."""
    living: dict[tuple[str, str, str], str] = {}
    for resource in resources:
        run, project, owner = resource.run
        if owner:
            process = Owner.from_json(owner)
            if process.lives:
                living[resource.run] = f"run {run} of {process}"
        elif resource.running:
            living[resource.run] = f"the game day of compose project {project}" if project else f"run {run}"
    return living


def is_our_tag(tag: str) -> bool:
    """Whether an image of this name is one that chaoskit or ``docker/compose.yaml`` builds, not one that somebody built on it."""
    repository, _, version = tag.rpartition(":")
    if version == "game-day":
        return repository in ("chaoskit", "chaoskit-javascript", "chaoskit-go")
    return repository == "chaoskit" and version[:1].isdigit()
