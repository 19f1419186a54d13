"""Who sent a call, and who is at work, as the kernel tells (proc(5)): an unmodified program says neither.

Each program of a hunt lives in a user namespace of its own, which its children share; that is how its processes are known.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

_PROC = Path("/proc")

TRIES = 5
"""How often the owner of a socket is looked for: processes come and go while one looks, a socket is handed on to
children, and the kernel's table is read in pieces, so that it may lack a row."""


def user_namespace(pid: int) -> str | None:
    """The user namespace of a process; None for one that has gone, or is not ours to ask."""
    try:
        return str((_PROC / str(pid) / "ns" / "user").readlink())
    except OSError:
        return None


class HeldNamespace:
    """The user namespace of process ``pid``, kept while this is open; ``name`` is empty where the process has gone.

    The kernel gives the number of a namespace that nobody holds to the next one that is made: without this a name would soon be that of
    somebody else's processes (namespaces(7): an open file keeps a namespace alive).
    """

    def __init__(self, pid: int) -> None:
        self._file: int | None = None
        self.name = ""
        try:
            self._file = os.open(_PROC / str(pid) / "ns" / "user", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return
        self.name = f"user:[{os.fstat(self._file).st_ino}]"

    def close(self) -> None:
        """Let it go; its name is nobody's from then on. Safe to call again."""
        self.name = ""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def processes_in(namespaces: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Every process of these user namespaces: its pid, and which."""
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (namespace := user_namespace(int(entry.name))) in namespaces:
            assert namespace is not None
            yield int(entry.name), namespace


class NoSocket(Exception):
    """Nobody has a socket of that port any more: the sender closed it."""


def owner_of(port: int, transport: Literal["udp", "tcp"], programs: Mapping[str, str], network: int) -> str | None:
    """Whose socket has this local port in the network of the process ``network``: the name in ``programs`` of a user namespace.

    None if it is nobody's of them. Raises ``NoSocket``.
    """
    inodes: set[str] = set()
    for _ in range(TRIES):
        inodes = {inode for table in (transport, f"{transport}6") for inode in _inodes(network, table, port)}
        for pid, namespace in processes_in(frozenset(programs)) if inodes else ():
            if inodes & set(_sockets(pid)):
                return programs[namespace]
    if not inodes:
        raise NoSocket
    return None


def _inodes(pid: int, table: str, port: int) -> set[str]:
    try:
        rows = (_PROC / str(pid) / "net" / table).read_text().splitlines()[1:]
    except OSError:
        return set()
    fields = [row.split() for row in rows]
    return {row[9] for row in fields if int(row[1].rpartition(":")[2], 16) == port and row[9] != "0"}


def _sockets(pid: int) -> Iterator[str]:
    """The inodes of a process's open sockets."""
    folder = _PROC / str(pid) / "fd"
    try:
        names = list(folder.iterdir())
    except OSError:
        return
    for name in names:
        try:
            target = str(name.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            yield target[8:-1]


def work_done(pids: Iterable[int]) -> tuple[int, bool]:
    """The processor time that processes have had, in ticks, and whether one runs, wants to, or waits for a disk (states R and D)."""
    ticks, busy = 0, False
    for pid in pids:
        try:
            for task in (_PROC / str(pid) / "task").iterdir():
                fields = (task / "stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
                busy = busy or fields[0] in "RD"
        except OSError:  # it has ended meanwhile
            continue
    return ticks, busy
