"""Files that the user names: what cannot be read as one is told before anything waits for it."""

from __future__ import annotations

from pathlib import Path

from chaoskit.errors import InputError


def refuse_pipe(path: Path, what: str) -> None:
    """Raise ``InputError`` for a named pipe where ``what`` (``a journal``) is to be read: opening it would wait for a writer.

    One that a shell makes (``<(...)``, below ``/dev`` or ``/proc``) has its writer.
    """
    if path.is_fifo() and not str(path).startswith(("/dev/", "/proc/")):
        raise InputError(f"{path} is a named pipe, which may never be written to; name {what} that is a file")
