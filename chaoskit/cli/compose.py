"""``chaoskit compose overlay``: an override file beside somebody's compose file."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from chaoskit.compose.write import Written
from chaoskit.errors import InputError


@dataclass(frozen=True, slots=True)
class Options:
    """What the user said on the command line."""

    files: list[Path]
    services: list[str]
    out: Path | None
    subnet: str
    image: str | None
    region: str
    force: bool


def write_overlay(options: Options) -> None:
    """Write the override, check it, warn, and say how to bring it up. Raises ``InputError``; then nothing is written."""
    from chaoskit.compose.overlay import IMAGE
    from chaoskit.compose.write import check_merged, overlay_by_hand, with_override

    out = options.out or options.files[0].with_name("chaoskit.override.yaml")
    if out.exists() and not options.force:
        raise InputError(f"{out} is there already; name another with --out, or overwrite it with --force")
    files, unread = with_override(options.files)
    if unread:
        typer.echo(f"warning: {unread} is not read, because `docker compose` is not here to put it together", err=True)
    written = overlay_by_hand(files, options.services, options.image or IMAGE, out, options.subnet, options.region)
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
