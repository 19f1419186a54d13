"""``chaoskit docker clean`` also puts back what a killed ``attach`` left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from chaoskit.cli import app, attach
from chaoskit.compose.running import Origin
from chaoskit.errors import HarnessError
from chaoskit.sandbox import docker
from chaoskit.sandbox.docker_clean import Resource
from chaoskit.sandbox.owner import Owner
from tests.compose.engines import Engine


class Nothing:
    """An engine on which nothing of ours is."""

    def __init__(self, at_work: Sequence[str] = ()) -> None:
        self.at_work = list(at_work)

    def clean(self, *, living: bool) -> tuple[list[Resource], list[str]]:
        return [], [] if living else self.at_work


def origin(project: str, owner: Owner | None) -> Origin:
    return Origin(project=project, options=(), scale={"web": 1}, owner=owner)


LIVING = Owner.here()
DEAD = replace(LIVING, began="0")


@pytest.fixture
def cleaned(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``docker clean`` where attaches of these origins were, and runs are ``at_work``; returns its result."""

    def clean(*left: Origin, fails: str = "", at_work: Sequence[str] = (), words: Sequence[str] = ()) -> Result:
        def put_back(_: Any, one: Origin) -> None:
            if one.project == fails:
                raise HarnessError("no such image")

        engine = Nothing(at_work)
        monkeypatch.setattr(docker, "connect", lambda: engine)
        monkeypatch.setattr(attach, "Docker", Engine)
        monkeypatch.setattr("chaoskit.cli.attach.shutil.which", lambda _: "/usr/bin/docker")
        monkeypatch.setattr(attach, "left_behind", lambda _: list(left))
        monkeypatch.setattr(attach, "put_back", put_back)
        monkeypatch.setattr(attach, "settle", lambda *_: {})
        return CliRunner().invoke(app, ["docker", "clean", *words])

    return clean


def test_clean_says_so_where_nothing_is(cleaned: Callable[..., Result]) -> None:
    done = cleaned()
    assert (done.exit_code, done.output.strip()) == (0, "nothing of chaoskit's is here")


def test_a_run_or_a_game_day_at_work_is_left_alone_and_told(cleaned: Callable[..., Result]) -> None:
    done = cleaned(at_work=["the game day of compose project chaoskit"])
    assert done.exit_code == 0
    assert done.output == (
        "left alone: the game day of compose project chaoskit, which is at work; end it there, or here with --living\n"
    )
    assert cleaned(at_work=["run 1"], words=["--living"]).output == "nothing of chaoskit's is here\n"


@pytest.mark.parametrize("owner", [None, DEAD])
def test_what_a_killed_attach_left_is_put_back(cleaned: Callable[..., Result], owner: Owner | None) -> None:
    done = cleaned(origin("shop", owner))
    assert done.exit_code == 0
    assert done.output.strip() == "putting web of project shop back, which an earlier attach left"


def test_a_living_attach_is_left_alone(
    cleaned: Callable[..., Result],
) -> None:
    done = cleaned(origin("shop", LIVING))
    assert done.exit_code == 0
    assert done.output.startswith("left alone: project shop, on which an attach is at work")


def test_what_cannot_be_put_back_keeps_nothing_else_from_it(
    cleaned: Callable[..., Result],
) -> None:
    done = cleaned(origin("bad", DEAD), origin("good", DEAD), fails="bad")
    assert "putting web of project good back" in done.output
    assert isinstance(done.exception, HarnessError)
    assert str(done.exception) == "project bad could not be put back: no such image"
