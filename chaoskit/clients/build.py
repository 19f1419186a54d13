"""Clients that must be built before a run: from the sources in this package, into a cache folder, with each language's own tools.

Building needs the network and the user's environment (proxies, mirrors); running needs neither. So it happens before a run, never in
one. The folder's name carries a hash of all that decides its content, so a stale build is never used. A build is made in a hidden
folder under a lock and renamed when it is complete: there are no half-done ones, and two builders at once make one build.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaoskit.errors import HarnessError, InputError

LAST_LINES = 15
"""How much of a failed step's output its error shows."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that a build needs. ``ask`` makes it tell its version, which must be ``at_least``; ``get`` says where it comes from."""

    program: str
    ask: tuple[str, ...] = ()
    at_least: tuple[int, ...] = ()
    get: str = ""

    def missing(self) -> str | None:
        """Why a build cannot use it; None if it can."""
        version = ".".join(map(str, self.at_least))
        if (path := shutil.which(self.program)) is None:
            return f"{self.program}{f' {version} or newer' if version else ''} not found{f' ({self.get})' if self.get else ''}"
        if not self.ask:
            return None
        result = subprocess.run([path, *self.ask], capture_output=True, text=True, check=False)
        match = re.search(r"\d+(?:\.\d+)*", result.stdout + result.stderr)
        if match is None or tuple(map(int, match[0].split("."))) < self.at_least:
            return f"{self.program} is {match[0] if match else 'of no known version'}, but {version} or newer is needed ({self.get})"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one client is built. ``sources`` (in ``folder``) are copied to the build's folder, in which ``steps`` run one after another.

    ``name`` is what ``chaoskit clients build`` calls it. ``beside`` is what else decides the result, such as a Python version.
    ``steps`` is given the build's folder.
    """

    name: str
    what: str
    folder: Path
    sources: tuple[str, ...]
    tools: tuple[Tool, ...]
    steps: Callable[[Path], Sequence[Sequence[str]]]
    environment: tuple[tuple[str, str], ...] = ()
    beside: str = ""

    def built(self) -> Path | None:
        """The folder of the finished build; None if there is none."""
        folder = self.place()
        return folder if folder.is_dir() else None

    def place(self) -> Path:
        """Where the finished build is, or will be."""
        digest = hashlib.sha256(repr((self.name, self.beside)).encode())
        for source in self.sources:
            digest.update(source.encode() + b"\0" + (self.folder / source).read_bytes() + b"\0")
        return cache() / f"{self.name}-{digest.hexdigest()[:12]}"

    def missing(self) -> list[str]:
        """What keeps it from being built here."""
        return [why for tool in self.tools if (why := tool.missing())]


def cache() -> Path:
    """The folder of all builds (XDG Base Directory Specification)."""
    root = os.environ.get("XDG_CACHE_HOME") or ""
    base = Path(root) if Path(root).is_absolute() else Path.home() / ".cache"
    return base / "chaoskit" / "clients"


def built(recipe: Recipe) -> Path:
    """The folder of the finished build. Raises ``InputError`` that says how to get one."""
    if (folder := recipe.built()) is None:
        raise InputError(f"the client {recipe.name} is not built; run: chaoskit clients build {recipe.name}")
    return folder


def build(recipe: Recipe, tell: Callable[[str], None]) -> Path:
    """Build it unless that is done; ``tell`` gets a line for each step. Returns the folder.

    Raises ``InputError`` when a tool is missing, ``HarnessError`` with the tool's own words when a step fails.
    """
    final = recipe.place()
    if final.is_dir():
        tell(f"{recipe.name}: ready")
        return final
    if why := recipe.missing():
        raise InputError(f"{recipe.name} cannot be built here: {'; '.join(why)}")
    partial = final.with_name(f".{final.name}.partial")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(final.with_name(f".{final.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(
            f"cannot write to {final.parent}: {error.strerror}; set XDG_CACHE_HOME to another folder"
        ) from error
    began = time.monotonic()
    try:
        _take(lock, recipe, tell)
        if not final.is_dir():  # else another process has built it while we waited
            shutil.rmtree(partial, ignore_errors=True)  # of a build that was killed: we hold the lock
            _make(recipe, partial, lock, tell)
            partial.rename(final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        os.close(lock)
    tell(f"{recipe.name}: ready after {time.monotonic() - began:.0f} s")
    return final


def _take(lock: int, recipe: Recipe, tell: Callable[[str], None]) -> None:
    with suppress(BlockingIOError):
        return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    tell(f"{recipe.name}: another process builds it; waiting")
    return fcntl.flock(lock, fcntl.LOCK_EX)


def _make(recipe: Recipe, partial: Path, lock: int, tell: Callable[[str], None]) -> None:
    partial.mkdir()
    for source in recipe.sources:
        target = partial / source
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(recipe.folder / source, target)
    for step in recipe.steps(partial):
        words = [Path(step[0]).name, *step[1:]]
        tell(f"{recipe.name}: {' '.join(words)[:100]}")
        code, output = _step(step, partial, {**os.environ, **dict(recipe.environment)}, lock)
        if code != 0:
            last = "\n  ".join(output.decode(errors="replace").strip().splitlines()[-LAST_LINES:])
            raise HarnessError(f"building {recipe.name} failed: {' '.join(words)} ended with {code}\n  {last}")


def _step(argv: Sequence[str], folder: Path, environment: dict[str, str], lock: int) -> tuple[int, bytes]:
    """Run one step to its end, or end it with all that it started when we are interrupted."""
    with subprocess.Popen(
        argv,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(lock,),  # the tool holds the lock too: should we be killed, nobody builds beside it
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, output
