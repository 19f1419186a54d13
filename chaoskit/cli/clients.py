"""``chaoskit clients``: list the client programs, and build those that need it before a run."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from chaoskit.clients import CLIENTS
from chaoskit.clients.build import Recipe, build
from chaoskit.clients.start import recipe_called, recipes
from chaoskit.errors import InputError
from chaoskit.interruption import interruptible

NOT_TO_CHOOSE = ("canary", "command", "container")
"""Clients that have commands of their own, and chaoskit's own one."""


def clients(
    action: Annotated[str, typer.Argument(metavar="[build]", help="Build clients; default: list them.")] = "",
    names: Annotated[list[str], typer.Argument(metavar="[NAME]...", help="Clients to build; default: all.")] = [],  # noqa: B006
) -> None:
    """List the client programs, or build them.

    Some must be built before a run: `chaoskit clients build [NAME]...`.
    """
    if action not in ("", "build"):
        raise InputError(f"chaoskit clients {action}: did you mean: chaoskit clients build {action}?")
    if action:
        build_clients(names)
    else:
        list_clients()


def list_clients() -> None:
    """Print every client, and whether it can be used."""
    listed = recipes()
    for use in CLIENTS.kinds:
        if use not in (*NOT_TO_CHOOSE, *(recipe.name for recipe in listed)):
            typer.echo(f"{use:<18} {'ready':<9} comes with chaoskit")
    for recipe in listed:
        typer.echo(f"{recipe.name:<18} {_state(recipe):<9} {recipe.what}")
        if recipe.built() is None and (why := recipe.missing()):
            typer.echo(f"{'':<18} {'':<9} needs: {'; '.join(why)}")


def _state(recipe: Recipe) -> str:
    return "ready" if recipe.built() else "not built"


def build_clients(names: list[str]) -> None:
    """Build the clients of these names, or all that this machine can.

    Raises ``InputError`` for an unknown name, and for a missing tool of a client that was named.
    """
    chosen = [_recipe(name) for name in names] or recipes()
    skipped = 0
    for recipe in chosen:
        if not names and recipe.built() is None and (why := recipe.missing()):
            typer.echo(f"{recipe.name}: skipped: {'; '.join(why)}", err=True)
            skipped += 1
            continue
        with interruptible():
            build(recipe, _tell)
    if skipped:
        typer.echo(f"{len(chosen) - skipped} of {len(chosen)} clients are ready.", err=True)


def _recipe(name: str) -> Recipe:
    if (recipe := recipe_called(name)) is None:
        raise InputError(f"there is no client {name!r} to build; known: {', '.join(known.name for known in recipes())}")
    return recipe


def _tell(line: str) -> None:
    typer.echo(line, err=True)
    sys.stderr.flush()
