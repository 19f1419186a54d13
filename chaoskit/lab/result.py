"""A lab's result, measured or stored: the samples, and the cells that were not measured, each with the reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from chaoskit.errors import InputError, JournalError
from chaoskit.journal.store import read_journal
from chaoskit.lab.compare import Documented, documented
from chaoskit.lab.findings import Finding, findings_of
from chaoskit.lab.measure import samples_of
from chaoskit.lab.rows import Row, rows_of
from chaoskit.lab.sample import Missing, Sample, from_json, to_json

FORMAT = "chaoskit lab 1"


@dataclass(frozen=True)
class Result:
    """What every table and page is made from."""

    samples: tuple[Sample, ...]
    missing: tuple[Missing, ...]

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The measured cells."""
        return rows_of(self.samples)

    @cached_property
    def told(self) -> tuple[tuple[Row, Documented | None], ...]:
        """Each row with its documented policy."""
        return tuple((row, documented(row)) for row in self.rows)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """The lab's sentences."""
        return findings_of(self.rows)

    @property
    def mismatches(self) -> tuple[tuple[Row, Documented], ...]:
        """Rows that differ from what is documented."""
        return tuple(
            (row, documented) for row, documented in self.told if documented is not None and documented.mismatches
        )

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        missing = [{"what": gap.what, "why": gap.why} for gap in self.missing]
        return {"format": FORMAT, "missing": missing, "samples": to_json(self.samples)}

    def text(self) -> str:
        """The stored form as a file: a line for each sample, so that versions of it can be compared."""
        data = self.to_json()
        samples = ",\n".join(json.dumps(sample, separators=(",", ":")) for sample in data.pop("samples"))
        head = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
        return f'{head[:-1]},"samples":[\n{samples}\n]}}\n'


def read_results(paths: Sequence[Path]) -> Result:
    """The result that journals, folders of them, or stored results hold.

    A run of a folder that was invalid is a missing one. Raises ``InputError`` or ``JournalError`` naming the file for anything else.
    """
    results = [_read(path) for path in paths]
    samples = tuple(sample for result in results for sample in result.samples)
    if not samples:
        where = ", ".join(map(str, paths))
        raise InputError(f"{where}: no measured run in it; give journals of chaoskit lab, or the folder of one")
    return Result(samples, tuple(dict.fromkeys(missing for result in results for missing in result.missing)))


def _read(path: Path) -> Result:
    if path.suffix == ".json":
        return _stored(path)
    if not path.is_dir():
        return Result(*samples_of(read_journal(path)))
    samples: list[Sample] = []
    # What a lab could not even begin to measure is in no journal of it.
    missing = [gap for stored in sorted(path.rglob("lab.json")) for gap in _stored(stored).missing]
    for journal in sorted(path.rglob("journal.jsonl")):
        if journal.parent.name.startswith("."):
            continue  # of a run that is under way
        entries = read_journal(journal)
        try:
            measured, not_measured = samples_of(entries)
        except JournalError as error:
            missing.append(Missing(str(journal.parent.relative_to(path)), str(error)))
            continue
        samples += measured
        missing += not_measured
    return Result(tuple(samples), tuple(missing))


def _stored(path: Path) -> Result:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError(f"its format is not {FORMAT!r}")
        return Result(from_json(data["samples"]), tuple(Missing(**gap) for gap in data["missing"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: not a stored result of chaoskit lab ({reason})") from error
