"""chaoskit's own image, built from the code that runs here: a checkout's or an installed package's alike.

Its tag is the version, its label the digest of what went into it. So an image of other code is never taken for this one, and an image
that is there already is not built again.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

from chaoskit import __version__
from chaoskit.errors import SandboxError

TAG = f"chaoskit:{__version__}"
SOURCE_LABEL = "chaoskit.source"
BASE = "python:3.11-slim"
USER = 10001
"""Who runs in the image, as its Dockerfile says."""

PACKAGE = Path(__file__).resolve().parent.parent
LEFT_OUT = {"__pycache__", "shipped", "containers"}


def folder() -> Path:
    """Where the Dockerfiles are: inside the installed package, or beside it in a checkout."""
    for place in (PACKAGE / "containers", PACKAGE.parent / "docker"):
        if (place / "Dockerfile").exists():
            return place
    raise SandboxError("this installation has no Dockerfile; install chaoskit again, or work in a checkout")


def _experiments() -> Path:
    shipped = PACKAGE / "shipped"
    return shipped if shipped.exists() else PACKAGE.parent / "experiments"


def files() -> Iterator[tuple[str, Path]]:
    """Every file of the build, with its name in the context, in a fixed order."""
    yield "docker/Dockerfile", folder() / "Dockerfile"
    yield "docker/requirements.txt", folder() / "requirements.txt"
    for name, root in (("chaoskit", PACKAGE), ("experiments", _experiments())):
        for path in sorted(root.rglob("*")):
            below = path.relative_to(root)
            if path.is_file() and not LEFT_OUT.intersection(below.parts):
                yield f"{name}/{below.as_posix()}", path


def digest() -> str:
    """A digest of names and contents: what the image is made of."""
    contents = hashlib.sha256()
    for name, path in files():
        data = path.read_bytes()
        contents.update(f"{name}\0{len(data)}\0".encode() + data)
    return contents.hexdigest()[:16]


def context() -> io.BytesIO:
    """The build's context as a tar archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, path in files():
            archive.add(path, name, filter=_plain)
    packed.seek(0)
    return packed


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Nobody's file, without a date: the engine's cache compares both."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    entry.mode = 0o755 if entry.mode & 0o100 else 0o644
    return entry
