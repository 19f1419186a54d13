"""Identify the process that owns an attach, so that only a dead attach is cleaned up."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A process: its id, when it began (clock ticks since boot), on which host, and in which namespace of process ids.

    ``began`` and ``namespace`` are empty where the system does not tell.
    """

    pid: int
    began: str
    host: str
    namespace: str = ""

    @classmethod
    def here(cls) -> Owner:
        """This process."""
        pid = os.getpid()
        return cls(pid=pid, began=_began(pid) or "", host=socket.gethostname(), namespace=_namespace())

    def to_json(self) -> str:
        """For a label."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Owner:
        """The owner of ``to_json``."""
        return cls(**json.loads(text))

    @property
    def elsewhere(self) -> bool:
        """Whether it is on another host, or in a container, so that nobody can tell from here if it lives."""
        return (self.host, self.namespace) != (socket.gethostname(), _namespace())

    @property
    def lives(self) -> bool:
        """Whether it may still be at work. One on another host may."""
        if self.elsewhere:
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass  # it is another user's
        return self.began == (_began(self.pid) or "")

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def _namespace() -> str:
    """Of this process; see pid_namespaces(7)."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _began(pid: int) -> str | None:
    """Field 22 of proc_pid_stat(5), counted after the name in brackets, which may hold blanks; None for a process that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]
