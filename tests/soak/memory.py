"""How much memory a process holds."""

from __future__ import annotations

from pathlib import Path

MOST_GROWTH = 1.10
"""What counts as flat: at most a tenth more than before."""


def resident_kb(pid: int) -> int:
    """Its resident memory, in KiB (proc_pid_status(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))
