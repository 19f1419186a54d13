"""``chaoskit compose overlay``: an override file beside somebody's compose file."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.cli.lazy import new_app
from chaoskit.cli.options import SUBNET, Subnet
from chaoskit.compose.write import Written
from chaoskit.errors import InputError

app = new_app()


@app.callback()
def _compose() -> None:
    """Put a compose project of your own under chaoskit."""


@app.command()
def overlay(
    files: Annotated[list[Path], typer.Argument(help="Your compose file, or several as for `docker compose -f`.")],
    service: Annotated[
        list[str],
        typer.Option(help="Put only this service under chaoskit; may be repeated. Default: all with a network."),
    ] = [],  # noqa: B006
    out: Annotated[
        Path | None, typer.Option(help="File to write; default: chaoskit.override.yaml beside the first file.")
    ] = None,
    subnet: Subnet = SUBNET,
    image: Annotated[
        str | None, typer.Option(help="Image to run; default: the one that `chaoskit docker build` builds.")
    ] = None,
    region: Annotated[str, typer.Option(help="AWS region whose endpoints are mocked.")] = "us-east-1",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write an override file that puts services of your compose file under chaoskit.

    Your own file is not edited.
    """
    from chaoskit.compose.overlay import IMAGE
    from chaoskit.compose.write import check_merged, overlay_by_hand, with_override

    out = out or files[0].with_name("chaoskit.override.yaml")
    if out.exists() and not force:
        raise InputError(f"{out} is there already; name another with --out, or overwrite it with --force")
    files, unread = with_override(files)
    if unread:
        typer.echo(f"warning: {unread} is not read, because `docker compose` is not here to put it together", err=True)
    written = overlay_by_hand(files, service, image or IMAGE, out, subnet, region)
    draft = out.with_name(f".{out.name}.chaoskit")
    try:
        draft.write_text(written.text, encoding="utf-8")
        checked = check_merged(files, draft, written.chosen)
        draft.replace(out)
    except OSError as error:
        raise InputError(f"cannot write {out}: {error.strerror}; name another with --out") from error
    finally:
        draft.unlink(missing_ok=True)
    _tell(files, out, written, checked=checked)


def _tell(files: Sequence[Path], out: Path, written: Written, *, checked: bool) -> None:
    for bypass in written.bypasses:
        typer.echo(f"warning: {bypass}", err=True)
    if not checked:
        typer.echo("warning: not checked, because `docker compose` is not here; it needs 2.24.4 or newer", err=True)
    both = shlex.join(word for path in (*files, out) for word in ("-f", str(path)))
    typer.echo(
        f"{out}: puts {', '.join(written.chosen)} under chaoskit{'; docker compose config takes it' if checked else ''}"
    )
    typer.echo(f"image:     chaoskit docker build{'' if checked else '  (where Docker is)'}")
    typer.echo(f"bring up:  docker compose {both} up -d")
    typer.echo("take away: " + "\n           ".join(written.taking_away))
    sys.stdout.flush()
