"""One run of a search: ``python -m chaoskit.engine``, a process of its own, so with a sandbox, ports and signals of its own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chaoskit.errors import HarnessError
from chaoskit.experiment.document import Document

END_WITHIN_S = 20.0
"""How long an interrupted run may take to clean up before it is killed; its keeper then cleans up."""

FILES = ("journal.jsonl", "summary.json", "report.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A run to make: the experiment as YAML ``text``, with what else ``chaoskit run`` is told."""

    text: str
    seed: int
    sandbox: str

    def write(self, experiment: Path) -> None:
        """Put the text where ``arguments`` will name it."""
        experiment.write_text(self.text, encoding="utf-8")

    def arguments(self, experiment: Path, folder: Path) -> list[str]:
        """The command that runs it, and puts the complete run at ``folder``; it ends when its standard input does."""
        options = ["--results", str(folder), "--sandbox", self.sandbox, "--seed", str(self.seed)]
        return [sys.executable, "-m", "chaoskit.engine", str(experiment), *options]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRun:
    """A run that was made: the word of its outcome, why in a sentence, and its folder (None when the run could not begin)."""

    outcome: str
    because: str
    folder: Path | None

    @property
    def counts(self) -> bool:
        """Whether it says anything about the expectations: passed or failed, not *not exercised* or *invalid*."""
        return self.outcome in ("passed", "failed")


RunFunction = Callable[[str, RunRequest], Coroutine[Any, Any, FinishedRun]]
"""Makes the run of this name: here, or on a cluster."""


def experiment_text(document: Document) -> str:
    """The document as YAML that chaoskit reads back as the same data."""
    text: str = yaml.dump(document.data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    return text


class _Dumper(yaml.SafeDumper):
    """PyYAML's, but text that chaoskit would read as a number (``1e3``; to YAML 1.1 it is none) is put in quotes."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    try:
        float(text)
    except ValueError:
        return dumper.represent_str(text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'")


_Dumper.add_representer(str, _text)


def finished_run(folder: Path) -> FinishedRun:
    """What became of the run stored in ``folder``."""
    summary = read_summary(folder)
    return FinishedRun(
        outcome=summary["outcome"]["word"],
        because=" ".join(summary["outcome"]["because"]) or "no reason told",
        folder=folder,
    )


def read_summary(folder: Path) -> dict[str, Any]:
    """The summary of a stored run."""
    summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return summary


async def make_here(order: RunRequest, experiment: Path, folder: Path) -> FinishedRun:
    """Make the run on this machine; ``experiment`` will hold its text, ``folder`` appears when the run is complete.

    When cancelled, the run is ended in order first. Raises ``HarnessError`` when chaoskit refuses what was checked before.
    """
    order.write(experiment)
    # A task of its own: asyncio kills a process whose start is cancelled, and this one may be at work already.
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *order.arguments(experiment, folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the search, which then ends its runs
        )
    )
    try:
        process = await asyncio.shield(starting)
        assert process.stderr is not None
        complaint = await process.stderr.read()
        code = await process.wait()
    finally:
        await asyncio.shield(_end(starting))
    return result_of(folder, code, complaint.decode(errors="replace"))


async def together(runs: Sequence[Coroutine[Any, Any, FinishedRun]]) -> list[FinishedRun]:
    """All of them at once; when one cannot be made the others are ended, and its error goes on."""
    tasks = [asyncio.ensure_future(run) for run in runs]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _end(starting: asyncio.Future[asyncio.subprocess.Process]) -> None:
    """Close its standard input, which ends it, and wait; nothing happens to a process that has ended."""
    process = await starting
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(END_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def result_of(folder: Path, code: int, complaint: str) -> FinishedRun:
    """The run at ``folder``, whose process ended with this exit code and text on standard error; without results, why there are none.

    Raises ``HarnessError`` when chaoskit refused what was checked before.
    """
    if (folder / "summary.json").exists():
        return finished_run(folder)
    message = complaint.strip().splitlines()[-1] if complaint.strip() else f"it ended with exit code {code}"
    if code != HarnessError.exit_code:
        raise HarnessError(f"a run ended with exit code {code} and no results: {message}")
    return FinishedRun(outcome="invalid", because=message, folder=None)
