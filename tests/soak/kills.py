"""A command of chaoskit's that something kills at some instant, and what is left of it then."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.cli.serving import ZONE
from tests.cli.test_margin import EXPERIMENT
from tests.processes import descendants

LATEST_S = {"run": 6.0, "exec": 5.0, "margin": 9.0, "serve": 2.0}
"""How long after its start, or after it has come to its work, a command is killed at the latest: some of them end before."""
TO_THE_PARENT = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
GONE_WITHIN_S = 60.0
"""How long the machine may take to clear away; a clean-up that takes this long has not worked."""
SEARCHED_WITHIN_S = 1200.0
"""How long a search may go on that lost a part of one of its runs."""


@dataclass(frozen=True)
class Killed:
    """One kill: the command, whom the signal hit, and what was found wrong afterwards."""

    door: str
    victim: str
    signal: str
    left: tuple[str, ...]


def kill_once(generator: random.Random, place: Path, sandbox: str) -> Killed:
    """Start a command in the empty folder ``place``, kill it or a part of it, and look at what is left."""
    for name in ("tmp", "work"):
        (place / name).mkdir()
    (place / "x.yaml").write_text(EXPERIMENT)
    (place / "zone").write_text(ZONE)
    door = generator.choice(sorted(LATEST_S))
    number = generator.choice(TO_THE_PARENT)
    delay = generator.uniform(0, LATEST_S[door])
    at_work = generator.random() < 0.75
    hits_a_part = door in ("run", "exec", "margin") and generator.random() < 0.4
    environment = os.environ | {"TMPDIR": str(place / "tmp"), "CHAOSKIT_SOAK": str(place)}
    with subprocess.Popen(
        command(door, place, sandbox),
        env=environment, cwd=place / "work", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:  # fmt: skip
        parent = os.pidfd_open(process.pid)
        if at_work:
            wait_until_at_work(door, place, parent)
        select.select([parent], [], [], delay)
        parts = descendants(process.pid) if hits_a_part else []
        if parts:
            victim, number = generator.choice(parts), signal.SIGKILL
            what = name_of(victim)
            end(victim, number)
        else:
            what = "chaoskit"
            process.send_signal(number)
        patience = SEARCHED_WITHIN_S if parts and door == "margin" else GONE_WITHIN_S
        ended = select.select([parent], [], [], patience)[0]
        os.close(parent)
        left = () if ended else ("chaoskit itself still waits",)
        process.kill()
    return Killed(door, what, number.name, (*left, *left_over(door, place)))


def wait_until_at_work(door: str, place: Path, parent: int) -> None:
    """Until a timeline is armed, or the server's control answers; or the command, whose pidfd is ``parent``, has ended."""
    while not select.select([parent], [], [], 0.05)[0]:
        if door == "serve" and (place / "s").exists():
            return
        journals = (place / "runs").rglob("journal.jsonl") if (place / "runs").exists() else ()
        if any(is_armed(journal) for journal in journals):
            return


def is_armed(journal: Path) -> bool:
    try:
        return b'"kind":"timeline_armed"' in journal.read_bytes()
    except OSError:
        return False  # it has been put elsewhere, or removed


def command(door: str, place: Path, sandbox: str) -> list[str]:
    words = {
        "run": ["run", str(place / "x.yaml"), "--plain", "--sandbox", sandbox, "--out", str(place / "runs")],
        "exec": ["exec", "--out", str(place / "runs"), "--", "sh", "-c", "trap '' TERM; sleep 3 & wait; sleep 3"],
        "margin": [
            *("margin", str(place / "x.yaml"), "--field", "timeline.blank.when.for", "--from", "500ms", "--to", "2500ms"),
            *("--resolution", "1s", "--sandbox", sandbox, "--out", str(place / "runs")),
        ],
        "serve": ["serve", "--zone", str(place / "zone"), "--listen", "127.0.0.1:0", "--control", f"unix:{place / 's'}"],
    }  # fmt: skip
    return [sys.executable, "-m", "chaoskit", *words[door]]


def end(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it was quicker


def name_of(pid: int) -> str:
    """What a process is, in a word: its program's or module's name."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return "nobody"
    named = [word for word in words if word.startswith("chaoskit.") or word.endswith(".py")]
    return Path(named[0]).name if named else Path(words[0]).name


def left_over(door: str, place: Path) -> tuple[str, ...]:
    """Processes and files that should be gone; waits for processes until ``GONE_WITHIN_S``."""
    deadline = time.monotonic() + GONE_WITHIN_S
    while (alive := processes_of(place)) and time.monotonic() < deadline:
        select.select([], [], [], 0.05)
    temporary = list((place / "tmp").iterdir())
    runs = list((place / "runs").iterdir()) if (place / "runs").exists() else []
    halves = [path for path in runs if path.is_dir() and path.name.startswith(".")]
    if door == "margin":  # its folder stays, for the search to go on in
        halves += [path for path in (place / "runs").rglob(".*") if path.is_dir()]
    else:
        halves += [path for path in runs if path.is_dir() and not (path / "journal.jsonl").exists()]
    return tuple(map(str, (*alive, *temporary, *halves)))


def processes_of(place: Path) -> list[str]:
    """Every process whose environment names this folder in ``CHAOSKIT_SOAK``, as those of a run do."""
    variable = b"CHAOSKIT_SOAK=" + os.fsencode(place)
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if variable in (folder / "environ").read_bytes().split(b"\0"):
                found.append(f"process {folder.name} {name_of(int(folder.name))}")
        except OSError:
            continue  # it is another user's, or has ended
    return found
