"""Unix sockets in the file system that programs of this machine listen on: which there are, and which of them the user opens by name.

A network namespace does not hold these: whoever can write to the file can connect (unix(7)). Behind them are Docker's engine, the message
bus, key agents and databases, each of which can send packets for whoever asks.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from chaoskit.errors import InputError

LISTED = Path("/proc/net/unix")
RUN_FOLDERS = ("/run", "/var/run")
"""Where programs of the system put their sockets (FHS 3.0, 3.15); as a rule these lead to one folder."""

TEMPORARY_FOLDERS = ("/tmp", "/var/tmp")  # noqa: S108 - they are looked at
DEEPEST = 3
"""How many folders below a temporary one are looked at: key agents and X servers make one of their own there."""

PATH_COLUMN = 7


def socket_folders() -> list[str]:
    """Folders in which no socket stays, and none that comes later either."""
    return sorted({os.path.realpath(folder) for folder in RUN_FOLDERS if Path(folder).is_dir()})


def find_sockets(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Every socket file that the kernel lists or that lies where agents put theirs; absolute, without symbolic links."""
    candidates = {*_listed(), *_named_by(environment)}
    for folder in TEMPORARY_FOLDERS:
        candidates.update(_below(folder))
    return sorted({os.path.realpath(path) for path in candidates if _is_socket(path)})


def _listed() -> Iterable[str]:
    """What the kernel knows to be bound in this network namespace (proc_net(5)); abstract names begin with ``@``."""
    try:
        lines = LISTED.read_text(errors="surrogateescape").splitlines()[1:]
    except OSError:
        return
    for line in lines:
        columns = line.split(maxsplit=PATH_COLUMN)
        if len(columns) > PATH_COLUMN and columns[PATH_COLUMN].startswith("/"):
            yield columns[PATH_COLUMN]


def _named_by(environment: Mapping[str, str]) -> Iterable[str]:
    for value in environment.values():
        path = value.split("=", 1)[-1] if value.startswith("unix:path=") else value.removeprefix("unix://")
        if path.startswith("/") and len(path) < 108:  # sockaddr_un.sun_path
            yield path.partition(",")[0]


def _below(top: str) -> Iterable[str]:
    for folder, folders, names in os.walk(top):
        if folder.count("/") - top.count("/") >= DEEPEST:
            folders.clear()
        yield from (f"{folder}/{name}" for name in names)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(Path(path).stat().st_mode)
    except (OSError, ValueError):
        return False


def parse_socket(written: str) -> str:
    """The socket that ``--allow /path`` opens. Raises ``InputError`` for what is no socket."""
    if not _is_socket(written):
        reason = "it is no socket" if Path(written).exists() else "there is no such file"
        raise InputError(f"--allow {written}: {reason}; give the path of a Unix socket, or HOST:PORT")
    return os.path.realpath(written)
