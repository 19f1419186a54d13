"""A service of somebody's own cannot be reached from within the namespace sandbox, and that is said before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoskit.cli.run import run
from chaoskit.errors import InputError


def test_a_stand_in_needs_the_inline_sandbox(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("title: t\nduration: 5s\nservices: {dynamodb: {backend: '127.0.0.1:8000'}}\n")
    with pytest.raises(
        InputError, match=r"dynamodb at 127\.0\.0\.1:8000 is outside of the namespace sandbox.*--sandbox inline"
    ):
        run(str(file), out=tmp_path / "runs", plain=True)
    assert not (tmp_path / "runs").exists()
