"""``chaoskit docker clean`` also puts back what a killed ``attach`` left."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from chaoskit.cli import app
from chaoskit.compose.owner import Owner
from chaoskit.compose.running import Origin
from chaoskit.errors import HarnessError
from chaoskit.sandbox import docker
from tests.compose.engines import Engine


class Nothing:
    """An engine on which nothing of ours is."""

    def __init__(self) -> None:
        self.spared: list[str] = []

    def remove(self, run: str | None = None, spare: Sequence[str] = ()) -> list[str]:
        self.spared = list(spare)
        return []


def origin(project: str, owner: Owner | None) -> Origin:
    return Origin(project=project, options=(), scale={"web": 1}, owner=owner)


LIVING = Owner.here()
DEAD = replace(LIVING, began="0")


@pytest.fixture
def cleaned(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Result, list[str]]]:
    """``docker clean`` where attaches of these origins were; returns its result and the labels that it spared."""

    def clean(*left: Origin, fails: str = "") -> tuple[Result, list[str]]:
        def put_back(_: Any, one: Origin) -> None:
            if one.project == fails:
                raise HarnessError("no such image")

        engine = Nothing()
        module = importlib.import_module("chaoskit.cli.attach")  # the package has a command of this name
        monkeypatch.setattr(docker, "connect", lambda: engine)
        monkeypatch.setattr(module, "Docker", Engine)
        monkeypatch.setattr(module.shutil, "which", lambda _: "/usr/bin/docker")
        monkeypatch.setattr(module, "left_behind", lambda _: list(left))
        monkeypatch.setattr(module, "put_back", put_back)
        monkeypatch.setattr(module, "settle", lambda *_: {})
        return CliRunner().invoke(app, ["docker", "clean"]), engine.spared

    return clean


def test_clean_says_so_where_nothing_is(cleaned: Callable[..., tuple[Result, list[str]]]) -> None:
    done, spared = cleaned()
    assert (done.exit_code, done.output.strip(), spared) == (0, "nothing of chaoskit's is here", [])


@pytest.mark.parametrize("owner", [None, DEAD])
def test_what_a_killed_attach_left_is_put_back(
    cleaned: Callable[..., tuple[Result, list[str]]], owner: Owner | None
) -> None:
    done, spared = cleaned(origin("shop", owner))
    assert (done.exit_code, spared) == (0, [])
    assert done.output.strip() == "putting web of project shop back, which an earlier attach left"


def test_a_living_attach_is_left_alone_with_what_measures_for_it(
    cleaned: Callable[..., tuple[Result, list[str]]],
) -> None:
    done, spared = cleaned(origin("shop", LIVING))
    assert (done.exit_code, spared) == (0, ["chaoskit.measuring=shop"])
    assert done.output.startswith("left alone: project shop, on which an attach is at work")


def test_what_cannot_be_put_back_keeps_nothing_else_from_it(
    cleaned: Callable[..., tuple[Result, list[str]]],
) -> None:
    done, _ = cleaned(origin("bad", DEAD), origin("good", DEAD), fails="bad")
    assert "putting web of project good back" in done.output
    assert isinstance(done.exception, HarnessError)
    assert str(done.exception) == "project bad could not be put back: no such image"


class Thing:
    """A container or a network of the SDK."""

    def __init__(self, name: str, **labels: str) -> None:
        self.name, self.labels, self.attrs = name, labels, {"Labels": labels}

    def remove(self, **_: Any) -> None:
        pass


def test_what_carries_a_spared_label_stays() -> None:
    things = [Thing("old", a="b"), Thing("busy", **{"chaoskit.measuring": "shop"})]
    listed = SimpleNamespace(list=lambda **_: things)
    client = SimpleNamespace(containers=listed, networks=listed, volumes=SimpleNamespace(list=lambda **_: []))
    engine = docker.Engine(client, "unix:///nowhere", "1")
    assert engine.remove(spare=["chaoskit.measuring=shop"]) == ["container old", "network old"]
    assert len(engine.remove(spare=["chaoskit.measuring=other"])) == 4
