"""What ``--junit``, ``--markdown``, ``--baseline`` and GitHub's variables make of a run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from chaoskit.engine.session import RunResult
from chaoskit.errors import InputError
from chaoskit.input_file import refuse_pipe
from chaoskit.journal.command import CommandEnd
from chaoskit.report.ci.baseline import Comparison, Tolerance, compare, parse_tolerance, read_baseline
from chaoskit.units import format_duration
from chaoskit.verdict import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CiOptions:
    """What the user said: files to write, the baseline with its tolerance, and whether to speak to GitHub (None: if it is there)."""

    junit: Path | None = None
    markdown: Path | None = None
    baseline: Path | None = None
    worse_by: str = "1s"
    github: bool | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def prepare(self) -> CiReports:
        """Read the baseline and look whether files can be written, before anything runs. Raises ``InputError``."""
        tolerance = parse_tolerance(self.worse_by)
        check_writable("--junit", self.junit)
        check_writable("--markdown", self.markdown)
        baseline = None
        if self.baseline is not None:
            refuse_pipe(self.baseline, "a summary.json")
            try:
                text = self.baseline.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(f"--baseline {self.baseline}: cannot be read: {error}") from error
            baseline = read_baseline(text, str(self.baseline))
        return CiReports(self, baseline, tolerance)


def check_writable(option: str, path: Path | None) -> None:
    """Raise ``InputError`` where the file that ``option`` names cannot be written; None is nothing to write."""
    if path is not None and (path.is_dir() or not os.access(path.absolute().parent, os.W_OK)):
        raise InputError(f"{option} {path}: cannot be written there; name a file in a folder that exists")
    if path is not None:
        refuse_pipe(path, "one", "be read from")


@dataclass(frozen=True, slots=True)
class CiReports:
    """Options that were found good."""

    options: CiOptions
    baseline: dict[str, Any] | None
    tolerance: Tolerance

    @property
    def for_github(self) -> bool:
        """Whether annotations and a step summary are wanted."""
        choice = self.options.github
        return self.options.environment.get("GITHUB_ACTIONS") == "true" if choice is None else choice

    def conclude(self, result: RunResult, more: Sequence[dict[str, Any]] = ()) -> int:
        """Write and say what was asked for. Returns the exit code: 1 where a run that passed got worse than the baseline.

        ``more`` are findings beside the verdicts, of the same form. Raises ``HarnessError`` when a file cannot be written.
        """
        from chaoskit.report.ci.github import annotation_lines
        from chaoskit.report.ci.junit import junit
        from chaoskit.report.ci.markdown import markdown
        from chaoskit.report.summary import summarize
        from chaoskit.report.write import write_text

        code = result.outcome.exit_code
        if not (self.options.junit or self.options.markdown or self.baseline or self.for_github):
            return code
        summary = summarize(result.run, result.verdicts, result.outcome)
        summary["verdicts"] = [*more, *summary["verdicts"]]
        counts = result.outcome in (Outcome.PASSED, Outcome.FAILED)
        comparisons = compare(summary, self.baseline, self.tolerance) if self.baseline and counts else []
        worse = [comparison.text for comparison in comparisons if comparison.worse]
        notes = [f"worse than the baseline: {line}" for line in worse]
        if self.baseline is not None:
            self._tell_baseline(summary, comparisons, counts=counts)
            summary["verdicts"] = [*summary["verdicts"], _baseline_verdict(worse, self.tolerance, counts=counts)]
        if worse and result.outcome is Outcome.PASSED:
            because = "The run passed by itself, and got worse than the baseline."
            summary["outcome"] = {**summary["outcome"], "word": Outcome.FAILED.value, "because": [because]}
        if self.options.junit:
            write_text(self.options.junit, junit(summary))
        if self.options.markdown:
            write_text(self.options.markdown, markdown(summary, notes))
        if self.for_github:
            for line in annotation_lines(
                {**summary, "verdicts": summary["verdicts"][: len(more) + len(result.verdicts)]}, worse
            ):
                typer.echo(line)
            self._add_step_summary(summary, notes)
        return Outcome.FAILED.exit_code if worse and code == 0 else code

    def _tell_baseline(self, summary: dict[str, Any], comparisons: Sequence[Comparison], *, counts: bool) -> None:
        """Say on standard error how the run compares, in the terminal's width."""
        from chaoskit.console.safe import SafeConsole

        assert self.baseline is not None
        console = SafeConsole(stderr=True, markup=False, highlight=False)
        now, then = summary["run"]["title"], self.baseline["run"]["title"]
        if now != then:
            console.print(f"warning: the baseline is a run of another experiment, {then!r}")
        if not counts:
            console.print("not compared with the baseline: this run proves nothing")
            return
        console.print(f"compared with {self.options.baseline} (worse: later by more than {self.tolerance})")
        for comparison in comparisons:
            console.print(f"  {'WORSE' if comparison.worse else 'not worse'}  {comparison.text}")

    def _add_step_summary(self, summary: dict[str, Any], notes: list[str]) -> None:
        """Append to the step's summary what still fits into it."""
        from chaoskit.report.ci.markdown import SUMMARY_BYTES, markdown

        name = self.options.environment.get("GITHUB_STEP_SUMMARY")
        if not name:
            return
        path, used = Path(name), 0
        with contextlib.suppress(OSError):
            used = path.stat().st_size
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(markdown(summary, notes, SUMMARY_BYTES - used - 1))
        except OSError as error:
            typer.echo(f"warning: the step summary cannot be written: {error.strerror}", err=True)


def command_verdict(end: CommandEnd | None) -> dict[str, Any]:
    """What the command of ``chaoskit exec`` made of it, as a verdict: its exit code is its own word."""
    finding = "unknown" if end is None else "held" if end.exit_code == 0 else "broken"
    because = "its end was not seen" if end is None else f"{end.words} after {format_duration(end.elapsed_ns)}"
    return {"expectation": "the command exits with 0", "finding": finding, "because": because, "evidence": []}


def _baseline_verdict(worse: list[str], tolerance: Tolerance, *, counts: bool) -> dict[str, Any]:
    because = "; ".join(worse) or f"no client's recovery got worse by more than {tolerance}"
    return {
        "expectation": "not worse than the baseline",
        "finding": "unknown" if not counts else "broken" if worse else "held",
        "because": because if counts else "this run proves nothing, so it was not compared",
        "evidence": [],
    }
