"""What ``docker clean`` may remove: what of chaoskit's is left over, and nothing that is at work or somebody else's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from chaoskit.sandbox.docker import Engine
from chaoskit.sandbox.docker_clean import LABEL, OWNER, PROJECT, Resource, at_work, is_our_tag, labels_of
from chaoskit.sandbox.docker_image import SOURCE_LABEL, TAG
from chaoskit.sandbox.owner import Owner

LIVING = labels_of("alive")
DEAD = {LABEL: "dead", OWNER: replace(Owner.here(), began="0").to_json()}
GAME_DAY = {LABEL: "compose", PROJECT: "chaoskit"}


def resources(labels: dict[str, str], *, running: bool) -> list[Resource]:
    name = labels[LABEL]
    return [
        Resource("container", f"c-{name}", f"c-{name}", labels, running),
        Resource("network", f"n-{name}", f"n-{name}", labels),
        Resource("volume", f"v-{name}", f"v-{name}", labels),
    ]


@pytest.mark.parametrize(
    ("labels", "running", "who"),
    [
        (LIVING, True, f"run alive of {Owner.here()}"),
        (LIVING, False, f"run alive of {Owner.here()}"),  # its containers are just starting
        (DEAD, True, None),
        (GAME_DAY, True, "the game day of compose project chaoskit"),
        (GAME_DAY, False, None),
        ({LABEL: "of-an-older-version"}, True, "run of-an-older-version"),
        ({LABEL: "of-an-older-version"}, False, None),
    ],
    ids=["alive", "starting", "dead", "game-day", "game-day-over", "older", "older-over"],
)
def test_who_is_at_work(labels: dict[str, str], running: bool, who: str | None) -> None:
    assert list(at_work(resources(labels, running=running)).values()) == ([] if who is None else [who])


class Things:
    """A collection of the Docker SDK: what is listed, and what was removed of it by id."""

    def __init__(self, things: Sequence[Resource]) -> None:
        self.things, self.removed = {thing.id: thing for thing in things}, list[str]()

    def list(self, **_: Any) -> list[Any]:
        return [self.get(name) for name in self.things]

    def get(self, name: str) -> Any:
        thing = self.things[name]
        status = "running" if thing.running else "exited"
        return SimpleNamespace(
            id=thing.id,
            name=thing.name,
            labels=thing.labels,
            attrs={"Labels": thing.labels},
            status=status,
            remove=lambda **_: self.removed.append(name),
        )


def engine(*things: Resource, images: Any = None) -> tuple[Engine, list[Things]]:
    kinds = [Things([thing for thing in things if thing.kind == kind]) for kind in ("container", "network", "volume")]
    client = SimpleNamespace(containers=kinds[0], networks=kinds[1], volumes=kinds[2], images=images)
    return Engine(client, "unix:///nowhere", "1"), kinds


def test_only_what_is_left_over_is_removed() -> None:
    every = [*resources(LIVING, running=True), *resources(DEAD, running=True), *resources(GAME_DAY, running=True)]
    docker, kinds = engine(*every)
    removed, left = docker.clean()
    assert [str(one) for one in removed] == ["container c-dead", "network n-dead", "volume v-dead"]
    assert [name for kind in kinds for name in kind.removed] == ["c-dead", "n-dead", "v-dead"]
    assert left == [f"run alive of {Owner.here()}", "the game day of compose project chaoskit"]


def test_what_is_at_work_goes_too_where_that_is_asked_for() -> None:
    docker, kinds = engine(*resources(LIVING, running=True), *resources(GAME_DAY, running=True))
    removed, left = docker.clean(living=True)
    assert (len(removed), left) == (6, [])
    assert kinds[0].removed == ["c-alive", "c-compose"]


class Images:
    """Images with their names; all have our label, as what is built on ours inherits it."""

    def __init__(self, *tags: list[str]) -> None:
        self.tags, self.removed = tags, list[str]()

    def list(self, **asked: Any) -> list[Any]:
        assert asked == {"filters": {"label": SOURCE_LABEL}}
        return [SimpleNamespace(tags=tags) for tags in self.tags]

    def remove(self, name: str, **options: Any) -> None:
        assert not options, "by force, all its names would go"
        self.removed.append(name)


def test_images_that_somebody_built_on_ours_stay() -> None:
    images = Images([TAG, "registry.test/team/chaoskit:0.1.0"], ["team-app:latest"], [], ["chaoskit:game-day"])
    docker, _ = engine(images=images)
    assert docker.remove_images() == [f"image {TAG}", "image chaoskit:game-day"]
    assert images.removed == [TAG, "chaoskit:game-day"]


@pytest.mark.parametrize(
    ("tag", "ours"),
    [
        (TAG, True),
        ("chaoskit:0.0.9", True),
        ("chaoskit-javascript:game-day", True),
        ("chaoskit-go:game-day", True),
        ("chaoskit:with-my-plugin", False),
        ("registry.test:5000/chaoskit:0.1.0", False),
        ("chaoskit-shop:game-day", False),
        ("my-chaoskit:1", False),
    ],
)
def test_which_names_are_ours(tag: str, ours: bool) -> None:
    assert is_our_tag(tag) is ours
