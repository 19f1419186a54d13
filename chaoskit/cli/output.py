"""Standard output and error: keep control codes away from the terminal, and exit with 141 (128 and SIGPIPE) when the reader is gone.

Both streams are watched from the start, so whatever is written, by whomever, goes through ``printable``. The one exception is
``make_console``: its text is made printable before it is coloured.

``chaoskit … | head`` is no finding about clients and no bug of chaoskit's: it ends as other Unix programs do.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from chaoskit.errors import HarnessError
from chaoskit.printable import printable

if TYPE_CHECKING:
    from rich.console import Console


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


class _Errors(io.FileIO):
    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError:  # the terminal is gone, or the disk behind it is full: there is nobody to tell, and the exit code still says it
            return len(data)


class _Watched(io.TextIOWrapper):
    """A standard stream on which nothing steers the terminal."""

    def write(self, text: str) -> int:
        self.write_styled(printable(text))
        return len(text)

    def write_styled(self, text: str) -> int:
        """Write ``text`` as it is: its control codes are ours."""
        return super().write(text)


class _Styled(io.TextIOBase):
    """A watched stream for a console that has made its text printable itself."""

    def __init__(self, stream: _Watched) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def write(self, text: str) -> int:
        return self._stream.write_styled(text)

    def flush(self) -> None:
        self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()

    def isatty(self) -> bool:
        return self._stream.isatty()


def make_console(**settings: Any) -> Console:
    """A console on standard output; ``settings`` are rich's."""
    from chaoskit.console.safe import SafeConsole

    file = _Styled(sys.stdout) if isinstance(sys.stdout, _Watched) else None
    return SafeConsole(file=file, **settings)  # type: ignore[arg-type]


def watch_output() -> None:
    """Watch both streams: no text steers the terminal, and a failed write to standard output raises ``OutputGone`` or ``HarnessError``."""
    stderr = sys.__stderr__
    if stderr is not None and sys.stderr is stderr:
        buffer = io.BufferedWriter(_Errors(stderr.fileno(), "w", closefd=False))
        sys.stderr = _Watched(buffer, stderr.encoding, stderr.errors, line_buffering=True)
    stdout = sys.__stdout__
    if stdout is None or sys.stdout is not stdout:  # it was closed before we began, or is somebody's own
        return
    raw = _Output(stdout.fileno(), "w", closefd=False)
    sys.stdout = _Watched(io.BufferedWriter(raw), stdout.encoding, stdout.errors, line_buffering=stdout.line_buffering)


def abandon_output() -> None:
    """Discard what is still buffered for standard output, so that the interpreter's last flush does not fail."""
    if isinstance(sys.stdout, _Watched):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
