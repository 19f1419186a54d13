"""Which journal a path on the command line means: the file, or the folder of the run that holds it."""

from __future__ import annotations

from pathlib import Path

from chaoskit.errors import InputError

JOURNAL = "journal.jsonl"


def journal_at(path: Path) -> Path:
    """The journal at ``path``, or in the run's folder there. Raises ``InputError``, which names the runs of a folder of runs."""
    if not path.is_dir():
        return path
    if (path / JOURNAL).exists():
        return path / JOURNAL
    runs = sorted((journal.parent for journal in path.glob(f"*/{JOURNAL}")), key=lambda run: run.stat().st_mtime)
    if not runs:
        raise InputError(f"{path} holds no {JOURNAL}; give the folder of a run, or its {JOURNAL}")
    count = "one run" if len(runs) == 1 else f"{len(runs)} runs"
    raise InputError(
        f"{path} is a folder of {count}; give the folder of one, such as {runs[-1]} (the latest), or list them: chaoskit runs {path}"
    )
