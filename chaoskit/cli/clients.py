"""``chaoskit clients``: which client programs there are, and building those that must be built before a run."""

from __future__ import annotations

import sys

import typer

from chaoskit.clients import CLIENTS
from chaoskit.clients.build import Recipe, build
from chaoskit.clients.start import recipe_called, recipes
from chaoskit.errors import InputError
from chaoskit.interruption import interruptible

NOT_TO_CHOOSE = ("canary", "command", "container")
"""Clients that have commands of their own, and chaoskit's own one."""


def list_clients() -> int:
    """Print every client, and whether it can be used. Returns the exit code."""
    listed = recipes()
    for use in CLIENTS.kinds:
        if use not in (*NOT_TO_CHOOSE, *(recipe.name for recipe in listed)):
            typer.echo(f"{use:<18} {'ready':<9} comes with chaoskit")
    for recipe in listed:
        typer.echo(f"{recipe.name:<18} {_state(recipe):<9} {recipe.what}")
        if recipe.built() is None and (why := recipe.missing()):
            typer.echo(f"{'':<18} {'':<9} needs: {'; '.join(why)}")
    return 0


def _state(recipe: Recipe) -> str:
    return "ready" if recipe.built() else "not built"


def build_clients(names: list[str]) -> int:
    """Build the clients of these names, or all that this machine can. Returns the exit code.

    Raises ``InputError`` for a name that there is not, and for a missing tool of a client that was named.
    """
    wanted = [_recipe(name) for name in names] or recipes()
    skipped = 0
    for recipe in wanted:
        if not names and recipe.built() is None and (why := recipe.missing()):
            typer.echo(f"{recipe.name}: skipped: {'; '.join(why)}", err=True)
            skipped += 1
            continue
        with interruptible():
            build(recipe, _tell)
    if skipped:
        typer.echo(f"{len(wanted) - skipped} of {len(wanted)} clients are ready.", err=True)
    return 0


def _recipe(name: str) -> Recipe:
    if (found := recipe_called(name)) is None:
        raise InputError(f"there is no client {name!r} to build; known: {', '.join(one.name for one in recipes())}")
    return found


def _tell(line: str) -> None:
    typer.echo(line, err=True)
    sys.stderr.flush()
