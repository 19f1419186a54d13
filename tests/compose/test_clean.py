"""``chaoskit docker clean`` also puts back what a killed ``attach`` left."""

from __future__ import annotations

import importlib

import pytest
from typer.testing import CliRunner

from chaoskit.cli import app
from chaoskit.sandbox import docker


class Nothing:
    """An engine on which nothing of ours is."""

    def remove(self) -> list[str]:
        return []


@pytest.mark.parametrize(("left", "said"), [(0, "nothing of chaoskit's is here"), (2, "")])
def test_clean_puts_back_first(monkeypatch: pytest.MonkeyPatch, left: int, said: str) -> None:
    monkeypatch.setattr(docker, "connect", Nothing)
    module = importlib.import_module("chaoskit.cli.attach")  # the package has a command of this name
    monkeypatch.setattr(module, "put_back_every", lambda: left)
    done = CliRunner().invoke(app, ["docker", "clean"])
    assert done.exit_code == 0, done.output
    assert done.output.strip() == said
