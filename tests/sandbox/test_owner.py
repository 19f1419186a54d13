"""Whether the process that wrote a label still lives."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

from chaoskit.sandbox.owner import Owner


def test_this_process_lives() -> None:
    assert Owner.here().lives
    assert not Owner.here().elsewhere


def test_another_process_with_its_number_is_not_it() -> None:
    assert not replace(Owner.here(), began="1").lives


def test_a_zombie_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        mine = replace(Owner.here(), pid=process.pid, began=_began(process.pid))
        assert mine.lives
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.close()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not mine.lives
    assert not mine.lives


def test_of_one_on_another_host_nobody_can_tell() -> None:
    other = replace(Owner.here(), host="elsewhere.test", pid=2**22 + 1)
    assert other.elsewhere
    assert other.lives
    in_a_container = replace(Owner.here(), namespace="pid:[1]", began="1")
    assert in_a_container.elsewhere
    assert in_a_container.lives


def _began(pid: int) -> str:
    from pathlib import Path

    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
