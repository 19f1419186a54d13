"""``chaoskit go``: let a run that is held go on."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.cli.options import RUNS


def go(
    runs: Annotated[Path, typer.Option(help="Folder that the held run writes to, as its --out.")] = RUNS,
) -> None:
    """Let a run that is held before a fault go on.

    Returns when the run goes on. Exit code: 0 it does, 2 if no run is held, 4 if it does not go on.
    """
    from chaoskit.engine.go_file import say_go

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"user {os.getuid()}"
    before = say_go(runs, f"chaoskit go ({user})")
    typer.echo(f"go: the run goes on, next is {before}")
