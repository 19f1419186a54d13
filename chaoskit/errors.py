"""Every error chaoskit raises, in one tree.

::

    ChaoskitError
    ├── InputError            what the user gave is wrong; exit code 2
    │   ├── ExperimentError   an experiment file: names file, line, field and the fix
    │   ├── JournalError      a stored journal: names file and line
    │   └── PluginError       a package installed beside chaoskit brings a fault that cannot be one
    ├── HarnessError          the harness itself failed: the run is invalid, exit code 4
    │   ├── SandboxError      the sandbox could not be made or kept
    │   ├── PlaneError        a plane or client process did not start, or died
    │   │   └── SettingRefused  a client cannot honour a setting of its plan
    │   └── ProxyError        the proxy's state is not what was asked of it
    └── Interrupted           Ctrl-C or SIGTERM; exit code 130 or 143

A fault that chaoskit injects is never an exception here: it is an event in the journal. So a ``HarnessError`` can
never be mistaken for an injected fault. Each message says what to do.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias


class ChaoskitError(Exception):
    """The root of the tree; ``exit_code`` is what the command line ends with."""

    exit_code = 4


class InputError(ChaoskitError):
    """What the user gave is wrong; the message says what would be right."""

    exit_code = 2


FieldPath: TypeAlias = tuple[str | int, ...]
"""A field's place in a file, in its parts: ``("timeline", 0, "when", "from")``."""


def dotted(field: FieldPath) -> str:
    """``timeline[0].when.from`` for ``("timeline", 0, "when", "from")``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in field).removeprefix(".")


def known_fields(field: FieldPath, known: Sequence[str]) -> str:
    """The way out for a ``field`` that there is not, where ``known`` are those that there are."""
    import difflib

    near = difflib.get_close_matches(str(field[-1]), known, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"{hint}Known: {', '.join(known)}."


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file: ``line`` is 1-based (0 when unknown), ``field`` the dotted path, ``fix`` the way out.

    ``path`` is the field in its parts, and ``about`` what is wrong in a word, where a door has a better way out: ``client``.
    """

    line: int
    field: str
    message: str
    fix: str = ""
    path: FieldPath = ()
    about: str = ""


class ExperimentError(InputError):
    """An experiment file is wrong. ``problems`` holds all that was found, so one reading mends them all."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems
        super().__init__("\n".join(self._lines()))

    def _lines(self) -> list[str]:
        lines = []
        for problem in self.problems:
            place = f"{self.path}:{problem.line}" if problem.line else self.path
            field = f" {problem.field}:" if problem.field else ""
            fix = f" {problem.fix}" if problem.fix else ""
            lines.append(f"{place}:{field} {problem.message}{fix}")
        return lines


class JournalError(InputError):
    """A stored journal cannot be read; the message names file and line."""


class PluginError(InputError):
    """A package that is installed beside chaoskit brings a fault that cannot be one; uninstall it, or mend its entry point."""


class HarnessError(ChaoskitError):
    """The harness failed. The run proves nothing about the client, so its outcome is *invalid*."""

    exit_code = 4


def full_disk(error: OSError) -> HarnessError | None:
    """What to say of a write that failed because there is no room; None for another failure."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    where = f"{error.filename}: " if error.filename else ""
    return HarnessError(f"{where}{error.strerror}; make room, or choose other folders with TMPDIR and --out")


class SandboxError(HarnessError):
    """The sandbox could not be made or kept."""


class PlaneError(HarnessError):
    """A plane or client process did not become ready, or died."""


class SettingRefused(PlaneError):
    """A client cannot honour a setting: ``what`` it cannot do, and what would do ``instead`` (empty where nothing would)."""

    def __init__(self, client: str, what: str, instead: str = "") -> None:
        self.what, self.instead = what, instead
        super().__init__(f"client {client}: {what}" + (f"; {instead}" if instead else ""))


class ProxyError(HarnessError):
    """The proxy does not hold the state that was asked of it."""


class Interrupted(ChaoskitError):
    """The user asked for the end of the run; everything was cleaned up."""

    def __init__(self, signal_number: int) -> None:
        self.exit_code = 128 + signal_number
        super().__init__("interrupted: everything was cleaned up")
