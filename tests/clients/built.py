"""What ``chaoskit clients build`` has made on this machine, for tests that want other people's programs."""

from __future__ import annotations

import shutil
from pathlib import Path

from chaoskit.clients.build import built
from chaoskit.clients.start import recipe_called
from chaoskit.errors import InputError


def aws_command() -> list[str] | None:
    """The AWS CLI that was built, or the one on PATH; None if there is neither."""
    python = built_file("aws_cli", "venv", "bin", "python")
    if python is not None:
        return [python, "-m", "awscli"]
    found = shutil.which("aws")
    return [found] if found else None


def built_file(client: str, *parts: str) -> str | None:
    """A file or folder of a built client; None if it is not built."""
    recipe = recipe_called(client)
    assert recipe is not None, f"there is no client {client}"
    try:
        found = Path(built(recipe), *parts)
    except InputError:
        return None
    assert found.exists(), found
    return str(found)
