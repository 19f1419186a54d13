"""The lab's result as Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from chaoskit.lab import words
from chaoskit.lab.compare import Documented
from chaoskit.lab.faults import BY_KEY
from chaoskit.lab.result import Result
from chaoskit.lab.rows import Row
from chaoskit.printable import printable

COLUMNS = (
    "fault",
    "n",
    "attempts",
    "gives up after",
    "sleeps between attempts",
    "the application sees",
    "works again after",
    "calls ok",
    "pooled",
    "documented: attempts, gives up after",
    "verdict",
)

LEGEND = """\
*n* counts client processes; each is new, so its retry quota is full when the fault begins. *Attempts* and *gives up after* are of the
first call that the fault troubled, as lower median (lowest–highest); of the AWS CLI the start of its process is in it. *Sleeps* are the
median pauses before retry 1, 2 …, of all calls in the fault. *Works again after* counts from the fault's end to the first success that
no failure follows; up to one period of the calls of it is waiting for the next call. *Pooled* is the share of calls in the fault that
were served over a connection that was open before. *Documented* is the vendor's policy, played in virtual time for 200 processes whose
tries take as long as the measured ones. A cell is *not exercised* when its fault met no DNS query of the client: then nothing was tested.
"""


def markdown(result: Result) -> str:
    """The whole document below its title."""
    parts = ["## What it shows\n", *(_finding(finding.title, finding.said) for finding in result.findings)]
    parts += ["\n## The table\n", LEGEND]
    groups: dict[str, list[tuple[Row, Documented | None]]] = {}
    for row, documented in result.told:
        groups.setdefault(_heading(row), []).append((row, documented))
    for heading, rows in groups.items():
        parts += [f"\n### {heading}\n", _table(rows)]
    parts += ["\n## Measured against documented\n", _against(result)]
    if result.missing:
        parts += ["\n## Not measured\n", *(f"- {gap.what}: {gap.why}" for gap in result.missing)]
    parts += ["\n## With what\n", _versions(result), "\n## The documents\n", _documents(result)]
    return printable("\n".join(parts) + "\n")


def _finding(title: str, text: str) -> str:
    return f"- **{title}.** {text}"


def _heading(row: Row) -> str:
    subject = row.subject
    return f"{words.who(subject)}, retry mode {words.mode(subject)}, {subject.service}, {subject.connection}"


def _table(rows: Iterable[tuple[Row, Documented | None]]) -> str:
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + "---|" * len(COLUMNS)]
    lines += [
        f"| {' | '.join(word.replace('|', '/') for word in cells(row, documented))} |" for row, documented in rows
    ]
    return "\n".join(lines)


def cells(row: Row, documented: Documented | None) -> tuple[str, ...]:
    """The words of one line of the table."""
    return (
        BY_KEY[row.subject.fault].title,
        str(row.n),
        words.counts(row.attempts),
        words.times(row.gave_up_ns),
        words.sleeps(row),
        words.error(row),
        words.lag(row),
        words.share(row.ok_share),
        words.share(row.pooled_share),
        words.document(documented),
        words.verdict(row, documented),
    )


def _against(result: Result) -> str:
    compared = [
        row for row, documented in result.told if documented and row.exercised and row.subject.connection == "cold"
    ]
    lines = [
        f"{len(compared)} cells have a documented policy to be compared with; {len(result.mismatches)} differ from it."
    ]
    lines += [
        f"- {words.who(row.subject)}, {words.mode(row.subject)}, {BY_KEY[row.subject.fault].title}: {'; '.join(documented.mismatches)}"
        for row, documented in result.mismatches
    ]
    return "\n".join(lines)


def _versions(result: Result) -> str:
    lines = {
        f"- {words.NAMES.get(sample.subject.sdk, sample.subject.sdk)}: "
        + ", ".join(f"{name} {version}" for name, version in sample.versions.items())
        + f"; sandbox {sample.sandbox}"
        for sample in result.samples
    }
    return "\n".join(sorted(lines))


def _documents(result: Result) -> str:
    lines = {f"- {documented.policy.name}: {documented.policy.source}" for _, documented in result.told if documented}
    return "\n".join(sorted(lines)) or "None of these SDKs has a documented policy here."
