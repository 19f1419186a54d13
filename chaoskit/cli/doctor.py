"""``chaoskit doctor``: check what this machine can do, by doing it."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from chaoskit.sandbox.namespace import probe
from chaoskit.sandbox.resolver_caches import find_caches, processes_beside

DEFAULT_NAME = "dynamodb.us-east-1.amazonaws.com"


def doctor(
    container: Annotated[
        str | None,
        typer.Option(help="Trace a name from the app in this container to chaoskit, and list each change and bypass."),
    ] = None,
    name: Annotated[
        list[str], typer.Option(help=f"Host name to trace; default: {DEFAULT_NAME}. May be repeated.")
    ] = [],  # noqa: B006
    docker: Annotated[
        bool, typer.Option("--docker", help="Measure how Docker's resolver relays each kind of answer.")
    ] = False,
) -> None:
    """Check which sandbox works here, or what a container's DNS passes through.

    Exit code: 0 if the real resolver can be tested, 1 if only the inline sandbox works or something bypasses chaoskit.
    """
    if container is not None:
        raise typer.Exit(examine_container(container, name))
    raise typer.Exit(measure_docker() if docker else examine())


def examine() -> int:
    """Print what works here; 0 when a sandbox works with the real resolver, 1 when only inline does."""
    from rich.table import Table

    from chaoskit.cli.output import make_console

    with tempfile.TemporaryDirectory(prefix="chaoskit-doctor-") as work:
        works, ipv6, reason = asyncio.run(probe(Path(work)))
    table = Table(show_header=True, header_style="bold", box=None, pad_edge=False)
    for column in ("part", "works", "what was found"):
        table.add_column(column)
    table.add_row(
        "sandbox namespace", _yes(works), f"{reason}" + (": the real libc resolver is tested" if works else "")
    )
    table.add_row(
        "sandbox inline", "yes", "Python clients only, libc not exercised" + (" (not needed here)" if works else "")
    )
    table.add_row(
        "IPv6 in the sandbox", _yes(ipv6), "::1 can be bound" if ipv6 else "AAAA records are left out of the zones"
    )
    table.add_row("filter of system calls", *_filter())
    table.add_row("Toxiproxy", *_toxiproxy())
    caches = sorted(find_caches(processes_beside()))
    for cache in caches:
        table.add_row("cache in the way", "", cache.words)
    table.add_row("Python", "yes", f"{sys.version.split()[0]}, boto3 {_version('boto3')}, moto {_version('moto')}")
    console = make_console()
    console.print(table)
    chosen = "namespace" if works else "inline"
    console.print(f"\n`chaoskit run` will use the {chosen} sandbox here.")
    return 0 if works else 1


def examine_container(container: str, names: Sequence[str]) -> int:
    """Trace the look-up of names in a container; return 0 if nothing bypasses chaoskit, else 1."""
    from chaoskit.compose.engine import Docker
    from chaoskit.compose.examine import examine as walk_through

    docker = Docker()
    steps = walk_through(docker, _image, container, names or [DEFAULT_NAME])
    _print([("place", "finding", ""), *((step.place, step.kind, step.says) for step in steps)])
    bypasses = sum(step.kind == "bypass" for step in steps)
    changes = sum(step.kind == "change" for step in steps)
    sys.stdout.write(f"\n{changes} change{'s' * (changes != 1)}, {bypasses} bypass{'es' * (bypasses != 1)}\n")
    return 1 if bypasses else 0


def measure_docker() -> int:
    """Measure and print how this engine's resolver relays each kind of answer."""
    from chaoskit.compose.engine import Docker, engine_version
    from chaoskit.compose.helper import measure

    docker = Docker()
    image = _image()
    sys.stderr.write("asking a faulty name server, directly and through 127.0.0.11; this takes some 15 s\n")
    rows = measure(docker, image)
    head = ("our server", "says", f"127.0.0.11 of engine {engine_version(docker)} says", "getaddrinfo of glibc")
    _print([head, *((row.case, *row.words()) for row in rows)])
    return 0


def _image() -> str:
    """Return chaoskit's image; build it first if it is missing or made from other code."""
    from chaoskit.compose.overlay import IMAGE
    from chaoskit.sandbox.docker import connect

    engine = connect()
    if engine.needs_build():
        engine.build(lambda line: typer.echo(line, err=True))
    return IMAGE


def _print(rows: Sequence[Sequence[str]]) -> None:
    """Print a table whose first row is the head. Text from a container is never read as markup."""
    from rich.table import Table
    from rich.text import Text

    from chaoskit.cli.output import make_console

    table = Table(show_header=True, header_style="bold", box=None, pad_edge=False)
    for head in rows[0]:
        table.add_column(head, overflow="fold")
    for row in rows[1:]:
        table.add_row(*map(Text, row))
    make_console().print(table)


def _yes(works: bool) -> str:
    return "yes" if works else "no"


def _toxiproxy() -> tuple[str, str]:
    path = shutil.which("toxiproxy-server")
    if path:
        return "yes", f"{path}; use it with --toxiproxy {path}"
    return "no", "not on PATH: the embedded proxy is used, which speaks the same API"


def _filter() -> tuple[str, str]:
    from chaoskit.sandbox.syscall_filter import FilterUnavailable, compile_filter

    try:
        compile_filter()
    except FilterUnavailable as error:
        return "no", f"{error}: `chaoskit exec` runs commands without it"
    return "yes", "by libseccomp: `chaoskit exec` closes AF_VSOCK, io_uring, key rings and TIOCSTI"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
