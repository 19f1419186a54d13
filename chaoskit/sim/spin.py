"""SPIN as an independent judge, and as an engine for bounds past ours: it gets a system as Promela, and its trails are read back.

Needs ``spin`` (Debian's package of that name) and a C compiler. SPIN has no other output than its text; what is not found in it is an
error here, never a verdict.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from chaoskit.errors import HarnessError, InputError

DEPTHS = (100_000, 3_000_000, 100_000_000)
"""How deep a search may go; the next is tried where one was too small. The stack takes 46 bytes per level."""


class SpinError(HarnessError):
    """SPIN, the compiler or the search did not do what it must for a verdict."""


@dataclass(frozen=True, slots=True)
class Search:
    """What one search did. ``trail``: the processes that move on the way to the error, or ``None`` where there is none.

    ``cycle`` is how many of them, at the end, are repeated for ever; 0 for a safety property.
    """

    states: int
    transitions: int
    depth: int
    cpu_seconds: float
    trail: tuple[int, ...] | None
    cycle: int = 0


def missing() -> str | None:
    """What keeps SPIN from running here, with the way out; ``None`` where nothing does."""
    if shutil.which("spin") is None:
        return "spin is not on PATH; install Debian's package spin, or build it from https://spinroot.com"
    if compiler() is None:
        return "there is no C compiler (cc or gcc) on PATH, which SPIN's verifiers need"
    return None


def compiler() -> str | None:
    """The C compiler's path."""
    return shutil.which("cc") or shutil.which("gcc")


class Spin:
    """The verifiers of one model, in a temporary folder; a context manager. Raises ``InputError`` where SPIN is not here.

    ``small``: of some ten thousand states, which an unoptimised verifier with a small hash table judges sooner. ``breadth_first`` gives
    shortest trails, for more memory.
    """

    def __init__(self, promela: str, *, small: bool = False, breadth_first: bool = False) -> None:
        if (reason := missing()) is not None:
            raise InputError(reason)
        self._hash_bits = 17 if small else 24
        self._flags = ["-O0" if small else "-O2", "-w", "-DNOREDUCE", *(["-DBFS"] if breadth_first else [])]
        self._promela = promela
        self._folder = tempfile.TemporaryDirectory(prefix="chaoskit-spin-")
        self._built: set[str] = set()

    def __enter__(self) -> Spin:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def count(self) -> Search:
        """All distinct states, whatever they break."""
        return self._search("safety", ["-E", "-A"])

    def safety(self, bit: int) -> Search:
        """Stop at the first step that breaks the property of this bit, or see all states."""
        return self._search("safety", ["-E"], watch=1 << bit)

    def progress(self) -> Search:
        """Stop at a weakly fair cycle that never has the goal, or see that there is none."""
        return self._search("progress", ["-a", "-f"])

    def _search(self, verifier: str, arguments: Sequence[str], watch: int = 0) -> Search:
        folder = self._verifier(verifier)
        trail = folder / "model.pml.trail"
        for depth in DEPTHS:
            trail.unlink(missing_ok=True)
            command = ["./pan", *arguments, "-n", f"-m{depth}", f"-w{self._hash_bits}"]
            output, cpu_seconds = _run(command, folder, {"CHAOSKIT_WATCH": str(watch)})
            if "max search depth too small" not in output:
                break
        else:
            raise SpinError(f"SPIN's search goes deeper than {DEPTHS[-1]} levels; take smaller bounds")
        return _findings(output, trail, cpu_seconds, claim=verifier == "progress")

    def _verifier(self, verifier: str) -> Path:
        folder = Path(self._folder.name) / verifier
        if verifier not in self._built:
            folder.mkdir()
            (folder / "model.pml").write_text(self._promela)
            claim = ["-DPROGRESS"] if verifier == "progress" else []
            _run(["spin", "-a", *claim, "model.pml"], folder, {})
            if not (folder / "pan.c").exists():
                raise SpinError("spin made no verifier of the model")
            flags = [flag for flag in self._flags if verifier == "safety" or flag != "-DBFS"]
            safety = ["-DSAFETY", "-DNOFAIR"] if verifier == "safety" else []
            output, _ = _run([compiler() or "cc", *flags, *safety, "-o", "pan", "pan.c"], folder, {})
            if not (folder / "pan").exists():
                raise SpinError(f"the verifier does not compile: {output[-400:]}")
            self._built.add(verifier)
        return folder


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[str, float]:
    """The program's output, and the processor seconds that it took."""
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **environment}
    ) as process:
        try:
            assert process.stdout is not None
            output = process.stdout.read().decode(errors="replace")
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        except BaseException:
            process.kill()
            raise
    if "chaoskit: " in output:
        raise SpinError(f"the model and its tables disagree: {output[output.index('chaoskit: ') :].splitlines()[0]}")
    return output, usage.ru_utime + usage.ru_stime


def _findings(output: str, trail: Path, cpu_seconds: float, claim: bool) -> Search:
    def number(pattern: str) -> int:
        match = re.search(pattern, output)
        if match is None:
            raise SpinError(f"SPIN's search did not end as it should: {output[-400:]}")
        return int(float(match.group(1)))

    if re.search(r"out of memory|aborting|hash table.*full", output):
        raise SpinError(f"SPIN gave up before it had seen all: {output[:400]}")
    errors = number(r"errors: (\d+)")
    if errors and not re.search(r"assertion violated|acceptance cycle", output):
        raise SpinError(f"SPIN found an error of another kind: {output[:400]}")
    processes, cycle = _read_trail(trail, claim) if errors else (None, 0)
    return Search(
        states=number(r"([\d.e+]+) states, stored"),
        transitions=number(r"([\d.e+]+) transitions"),
        depth=number(r"depth reached (\d+)"),
        cpu_seconds=cpu_seconds,
        trail=processes,
        cycle=cycle,
    )


def _read_trail(trail: Path, claim: bool) -> tuple[tuple[int, ...], int]:
    """The processes that move, and how many moves at the end are the cycle. With a claim, it is process 0 and others count from 1."""
    processes: list[int] = []
    cycle_starts = 0
    for line in trail.read_text().splitlines():
        depth, process, _ = (int(part) for part in line.split(":"))
        if depth == -1:
            cycle_starts = len(processes)
        elif depth >= 0 and not (claim and process == 0):
            processes.append(process - claim)
    return tuple(processes), len(processes) - cycle_starts if cycle_starts else 0
