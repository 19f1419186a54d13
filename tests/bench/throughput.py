"""Answers per second of the server's own processor time: rounds in turn, so that what disturbs the machine disturbs all alike."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench.servers import ASKER_CORE, NAMES, Running, on_core

Load = Callable[[Running, float], int]
"""Asks for that many seconds; returns how many answers came."""


def batching(running: Running, seconds: float) -> int:
    """The bench's own generator."""
    with on_core(ASKER_CORE):
        said = subprocess.run(
            [sys.executable, "-m", "tests.bench.generator", str(running.port), str(seconds)],
            input="\n".join(NAMES).encode(),
            capture_output=True,
            check=True,
            timeout=seconds + 20,
        )
    answers: int = json.loads(said.stdout)["answers"]
    return answers


def dnsperf(folder: Path, *options: str) -> Load | None:
    """dnsperf with these options; None where it is not installed."""
    program = shutil.which("dnsperf")
    if program is None:
        return None
    questions = folder / "questions"
    questions.write_text("".join(f"{name} A\n" for name in NAMES))

    def load(running: Running, seconds: float) -> int:
        command = [program, "-s", "127.0.0.1", "-p", str(running.port), "-d", str(questions), "-l", f"{seconds:.0f}"]
        with on_core(ASKER_CORE):
            said = subprocess.run(
                [*command, *options], capture_output=True, text=True, check=True, timeout=seconds + 20
            )
        found = re.search(r"Queries completed:\s+(\d+)", said.stdout)
        return int(found[1]) if found else 0

    return load


def measure(servers: list[Running], load: Load, figure: str, *, rounds: int, seconds: float) -> None:
    """Append to each server's ``figures[figure]`` its answers per CPU-second, once a round; the first, short one is not counted."""
    for turn in range(rounds + 1):
        for running in servers:
            before = running.cpu_s()
            answers = load(running, seconds if turn else min(seconds, 1))
            used = running.cpu_s() - before
            if turn and used:
                running.figures.setdefault(figure, []).append(answers / used)
