"""``chaoskit doctor``: what this machine can do, found by doing it."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from chaoskit.sandbox.namespace import probe


def examine() -> int:
    """Print the findings; 0 when some sandbox works with the real resolver, 1 when only inline does."""
    from rich.console import Console
    from rich.table import Table

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
    table.add_row("Toxiproxy", *_toxiproxy())
    table.add_row("Python", "yes", f"{sys.version.split()[0]}, boto3 {_version('boto3')}, moto {_version('moto')}")
    console = Console()
    console.print(table)
    chosen = "namespace" if works else "inline"
    console.print(f"\n`chaoskit run` will use the {chosen} sandbox here.")
    return 0 if works else 1


def _yes(found: bool) -> str:
    return "yes" if found else "no"


def _toxiproxy() -> tuple[str, str]:
    path = shutil.which("toxiproxy-server")
    if path:
        return "yes", f"{path}; use it with --toxiproxy {path}"
    return "no", "not on PATH: the embedded proxy is used, which speaks the same API"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
