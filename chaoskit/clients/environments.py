"""Python SDKs of a pinned version: a virtual environment each, built before the run, in which only the SDK is installed.

The client's own code is then this package's, loaded from where it is; its parts that are used need no other package than msgspec, which
needs none and is loaded from where it is too: the interpreter is the same.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from chaoskit.clients.build import Recipe

PACKAGE = Path(__file__).resolve().parent.parent
"""The folder ``chaoskit``."""

_ONLY_CHAOSKIT = """\
import importlib.util, runpy, sys
module = sys.argv.pop(1)
for name in ("msgspec", "chaoskit"):
    folder = sys.argv.pop(1)
    spec = importlib.util.spec_from_file_location(name, folder + "/__init__.py", submodule_search_locations=[folder])
    package = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""
"""``python -m module`` with chaoskit, but without whatever is installed beside chaoskit: its SDK is of another version."""


def python_recipe(*, name: str, what: str, folder: Path, requirements: str, exact: Sequence[str] = ()) -> Recipe:
    """A virtual environment with the packages of the file ``requirements``, or with ``exact`` ones and what they bring."""

    def steps(place: Path) -> list[list[str]]:
        requirement_args = list(exact) or ["--no-deps", "--requirement", requirements]
        pip = [str(place / "venv" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        return [[sys.executable, "-m", "venv", str(place / "venv")], [*pip, *requirement_args]]

    return Recipe(
        name=name,
        what=what,
        folder=folder,
        sources=() if exact else (requirements,),
        tools=(),
        steps=steps,
        environment=(("PYTHONPATH", ""),),
        beside=f"{sys.version_info.major}.{sys.version_info.minor} {os.path.realpath(sys.executable)} {' '.join(exact)}",
    )


def python_of(built: Path) -> str:
    """The interpreter of a built environment."""
    return str(built / "venv" / "bin" / "python")


def module_argv(built: Path, module: str) -> list[str]:
    """The command that runs a module of chaoskit in a built environment."""
    spec = find_spec("msgspec")
    assert spec is not None
    assert spec.origin is not None
    return [python_of(built), "-c", _ONLY_CHAOSKIT, module, str(Path(spec.origin).parent), str(PACKAGE)]
