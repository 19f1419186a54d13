"""Files that the user names: what cannot be read or written as one is told before anything waits for it."""

from __future__ import annotations

import os
from pathlib import Path

from chaoskit.errors import InputError


def refuse_pipe(path: Path, what: str, lacking: str = "be written to") -> None:
    """Raise ``InputError`` for a named pipe where ``what`` (``a journal``) is to be: opening it would wait for its other end.

    ``lacking`` is what nobody may ever do there. A pipe that a shell makes (``<(...)``, below ``/dev`` or ``/proc``) has its other end.
    """
    if path.is_fifo() and not str(path).startswith(("/dev/", "/proc/")):
        raise InputError(f"{path} is a named pipe, which may never {lacking}; name {what} that is a file")


def check_output(path: Path, option: str) -> None:
    """Raise ``InputError`` where the file of ``option``, or a folder above it, cannot be made; asked before anything is computed."""
    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InputError(f"{option} {path}: cannot be written there; name a file in a folder that can")
    refuse_pipe(path, "one", "be read from")
