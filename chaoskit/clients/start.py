"""How a client's process is started: as a module of this package, or as a program that was built before.

A plan class with ``recipes`` has builds: ``recipe`` says which one a plan needs (None: none), ``argv`` how it starts from there.
"""

from __future__ import annotations

import sys
from typing import Any

from chaoskit.clients import CLIENTS
from chaoskit.clients.build import Recipe, built


def argv_of(use: str, plan: dict[str, Any]) -> list[str]:
    """The command of the client's process. Raises ``InputError`` when it is not built, ``PlaneError`` for a wrong plan."""
    kind = CLIENTS.get(use)
    if hasattr(kind, "recipes"):
        settings = kind.from_json(plan)
        if (recipe := settings.recipe()) is not None:
            argv: list[str] = settings.argv(built(recipe))
            return argv
    return [sys.executable, "-m", f"chaoskit.clients.{use}"]


def needed(use: str, plan: dict[str, Any]) -> Recipe | None:
    """The build that the client needs before it can start; None: it needs none. Raises ``PlaneError`` for a wrong plan."""
    kind = CLIENTS.get(use)
    recipe: Recipe | None = kind.from_json(plan).recipe() if hasattr(kind, "recipes") else None
    return recipe


def recipes() -> list[Recipe]:
    """Every build that this package knows, in order of its client."""
    return [
        recipe
        for use in CLIENTS.kinds
        if (kind := CLIENTS.get(use)) and hasattr(kind, "recipes")
        for recipe in kind.recipes()
    ]


def recipe_called(name: str) -> Recipe | None:
    """The build of this name; None if there is none. A client may know builds that it does not list, such as each version of boto3."""
    for recipe in recipes():
        if recipe.name == name:
            return recipe
    use = name.partition("-")[0]
    if use in CLIENTS.kinds and hasattr(kind := CLIENTS.get(use), "recipe_called"):
        named: Recipe | None = kind.recipe_called(name)
        return named
    return None
