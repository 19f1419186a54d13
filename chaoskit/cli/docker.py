"""``chaoskit docker``: build the docker sandbox's image, and remove what ended runs left behind."""

from __future__ import annotations

from typing import Annotated

import typer

from chaoskit.cli.lazy import new_app

app = new_app("Build the docker sandbox's image, or clean up after runs.")


@app.command()
def build(
    base: Annotated[
        str | None, typer.Option(help="Base image, with Python 3.11 or newer and pip; default: python:3.11-slim.")
    ] = None,
) -> None:
    """Build chaoskit's image from the code that runs here.

    The docker sandbox does it by itself when the image is missing or out of date.
    """
    from chaoskit.sandbox.docker import connect
    from chaoskit.sandbox.docker_image import BASE, TAG

    engine = connect()
    engine.build(typer.echo, base or BASE)
    typer.echo(f"{TAG} is built")


@app.command()
def clean(
    images: Annotated[
        bool, typer.Option("--images", help="Remove chaoskit's images too, but none that was built on them.")
    ] = False,
    living: Annotated[
        bool,
        typer.Option("--living", help="End runs and game days still in progress, and remove their containers too."),
    ] = False,
) -> None:
    """Remove what ended runs left in Docker, and restore projects whose attach was killed.

    Removes containers, networks and volumes with the label chaoskit.run. A run or game day still in progress is left alone unless --living
    is given; so is a project under an overlay.
    """
    from chaoskit.cli.attach import put_back_every
    from chaoskit.errors import HarnessError
    from chaoskit.sandbox.docker import connect

    engine = connect()
    attaches = put_back_every()
    stale, at_work = engine.clean(living=living)
    removed = [*map(str, stale), *(engine.remove_images() if images else [])]
    for what in removed:
        typer.echo(f"removed {what}")
    for run in at_work:
        typer.echo(f"left alone: {run}, which is at work; end it there, or here with --living")
    if attaches.failed:
        raise HarnessError("\n".join(attaches.failed))
    if not removed and not at_work and not attaches.number and not attaches.at_work:
        typer.echo("nothing of chaoskit's is here")
