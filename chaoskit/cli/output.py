"""Handle a closed standard output: exit with 141 (128 and SIGPIPE) instead of a traceback.

``chaoskit … | head`` is no finding about clients and no bug of chaoskit's: it ends as other Unix programs do.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import Any

from chaoskit.errors import HarnessError


class OutputGone(HarnessError):
    """The reader of standard output has closed it."""

    exit_code = 128 + signal.SIGPIPE


class _Output(io.FileIO):
    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise OutputGone("") from None
        except OSError as error:
            raise HarnessError(f"cannot write to standard output: {error.strerror}") from None


class _Watched(io.TextIOWrapper):
    """Standard output over an ``_Output``."""


def watch_output() -> None:
    """Replace standard output, so that a failed write raises ``OutputGone``, or ``HarnessError`` with the reason."""
    stdout = sys.__stdout__
    if stdout is None or sys.stdout is not stdout:  # it was closed before we began, or is somebody's own
        return
    raw = _Output(stdout.fileno(), "w", closefd=False)
    sys.stdout = _Watched(io.BufferedWriter(raw), stdout.encoding, stdout.errors, line_buffering=stdout.line_buffering)


def abandon_output() -> None:
    """Discard what is still buffered for standard output, so that the interpreter's last flush does not fail."""
    if isinstance(sys.stdout, _Watched):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
