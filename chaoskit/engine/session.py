"""``play``: one experiment from sandbox to journal, without view, verdicts or reports. For commands that make many runs."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from chaoskit.clock import WallClock
from chaoskit.engine.folders import put
from chaoskit.engine.processes import LocalProcessManager
from chaoskit.engine.runner import Runner, RunSettings
from chaoskit.errors import InputError
from chaoskit.experiment.loader import Experiment
from chaoskit.experiment.plans import CANARY_LABEL
from chaoskit.journal.events import Entry
from chaoskit.journal.store import Journal, Listener
from chaoskit.sandbox.choose import AnySandbox, open_sandbox
from chaoskit.sandbox.environment import client_environment, plane_environment


async def play(
    experiment: Experiment,
    *,
    sandbox: str,
    folder: Path,
    replay: str,
    source: str = "",
    toxiproxy: str | None = None,
    listener: Listener | None = None,
) -> Sequence[Entry]:
    """Run ``experiment`` in a sandbox of its own and return its journal, which is then ``folder / "journal.jsonl"`` too.

    ``sandbox`` is a word of ``sandbox.choose.CHOICES``, ``replay`` the command that makes this run again, ``source`` how the user named the
    experiment. ``folder`` must not exist, its parent must; it appears when the run is complete and never before. A run whose
    harness failed is complete: its journal says so (``HarnessFailed``). Cancellation, a signal's way to end it, cleans up and goes
    through. Raises ``InputError`` and ``SandboxError`` before anything runs.
    """
    partial, work = _folders(folder)
    try:
        opened = await open_sandbox(sandbox, work, [*experiment.spec.clients, CANARY_LABEL], [work, partial], [])
    except BaseException:  # there is no keeper yet that would remove them
        for ours in (work, partial):
            shutil.rmtree(ours, ignore_errors=True)
        raise
    settings = RunSettings(
        run_id=folder.name,
        source=source or experiment.source,
        replay=replay,
        certificates=str(work),
        toxiproxy=toxiproxy,
    )
    try:
        entries = await perform(experiment, settings, opened, work, partial / "journal.jsonl", listener)
        put(partial, folder)
    finally:
        await asyncio.shield(opened.close())
    return entries


async def perform(
    experiment: Experiment,
    settings: RunSettings,
    sandbox: AnySandbox,
    work: Path,
    journal_path: Path,
    listener: Listener | None = None,
) -> Sequence[Entry]:
    """Let the runner play ``experiment`` in an open sandbox; ``listener`` hears of every event. Closing is the caller's."""
    clock = WallClock()
    environments = (
        plane_environment(work),
        client_environment(work, work / "ca.pem", experiment.spec.region),
    )
    with Journal(journal_path) as journal:
        if listener:
            journal.listen(listener)
        cast = LocalProcessManager(
            journal,
            clock,
            sandbox,
            *environments,
            adapt=getattr(sandbox, "adapt", None),
            handle=getattr(sandbox, "handle", None),
        )
        await Runner(experiment, settings, sandbox, cast, journal).run(clock)
    return journal.entries


def _folders(folder: Path) -> tuple[Path, Path]:
    """A folder beside ``folder`` that will take its name, and a temporary one."""
    try:
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        partial.chmod(0o755)
        return partial, Path(tempfile.mkdtemp(prefix="chaoskit-"))
    except OSError as error:
        raise InputError(
            f"cannot write to {folder.parent}: {error.strerror}; choose another folder with --out"
        ) from error
