"""Findings and tables as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chaoskit.race.diagram import diagram
from chaoskit.race.findings import Finding, Findings, Question
from chaoskit.race.invariants import PROGRESS
from chaoskit.race.model import Race
from chaoskit.race.table import NotMonotone, Set, Table
from chaoskit.race.words import Vocabulary


def bounds(race: Race) -> str:
    """The bounds of an exploration."""
    enactors = f"{race.enactors} enactor{'s' if race.enactors != 1 else ''}"
    plans = f"{race.plans} plan{'s' if race.plans != 1 else ''}"
    return f"{enactors} and {plans}"


def set_name(names: Iterable[str]) -> str:
    """A protection set as one says it."""
    return " + ".join(names) or "no protection"


def verdict(finding: Finding, race: Race) -> str:
    """One finding in words."""
    if finding.trace is None:
        return f"holds for {bounds(race)}"
    steps = f"{len(finding.trace)} steps"
    if finding.cycle:
        return f"BROKEN: after {len(finding.trace) - finding.cycle} steps, {finding.cycle} more go round for ever"
    if finding.invariant in PROGRESS:
        return f"BROKEN: after {steps} nothing can install the newest plan"
    return f"BROKEN in {steps}" + ("" if finding.shortest else " (not the shortest way)")


def summary(findings: Findings, question: Question) -> str:
    """What was explored, and a line for each invariant."""
    how = (
        "states that differ only in which enactor is which taken as one"
        if findings.symmetric
        else "every enactor told apart"
    )
    engine = "SPIN" if findings.engine == "spin" else "chaoskit"
    explored = "explored whole" if findings.whole else "explored until each was broken"
    without = "" if findings.race.base.locks else "; without lock and rollback record"
    seconds = f"{findings.cpu_seconds:.1f} s of processor time"
    rows = [
        f"{bounds(findings.race)}; {set_name(findings.race.protections)}{without}",
        f"{findings.states:,} states, {findings.transitions:,} steps, {explored} by {engine} in {seconds} ({how})",
        "",
    ]
    width = max(len(name) for name in question.names)
    rows += [f"  {finding.invariant:<{width}}  {verdict(finding, findings.race)}" for finding in findings.findings]
    return "\n".join(rows)


def diagrams(findings: Findings, width: int, words: Vocabulary) -> Iterator[str]:
    """A diagram for each distinct way that breaks something; invariants broken by the same way share one."""
    ways: dict[tuple[tuple[int, ...], int], list[Finding]] = {}
    for finding in findings.findings:
        if finding.trace is not None:
            ways.setdefault((finding.trace, finding.cycle), []).append(finding)
    for shared in ways.values():
        names = ", ".join(finding.invariant for finding in shared)
        yield f"{names}: {'a shortest way' if shared[0].shortest else 'a way'}\n\n" + diagram(
            findings.race, shared[0], width=width, words=words
        )


def table_text(table: Table) -> str:
    """The rows, and what follows from them."""
    race = table.rows[0].race
    names = table.question.names
    rows = [
        f"{len(table.rows)} protection sets, {bounds(race)}. A number: broken, by a shortest way of so many steps.",
        "",
    ]
    rows += [f"  {number}  {name}" for number, name in enumerate(names, 1)]
    rows += ["", "".join(f"{number:>7}" for number in range(1, len(names) + 1))]
    for row in table.rows:
        cells = "".join(f"{_cell(row.of(name)):>7}" for name in names)
        rows.append(f"{cells}   {set_name(row.race.protections)}")
    return "\n".join([*rows, "", *conclusions(table)])


def _cell(finding: Finding) -> str:
    return "holds" if finding.trace is None else str(len(finding.trace))


def conclusions(table: Table) -> list[str]:
    """Minimal sufficient sets, tempting protections that do not suffice, and where one protection more breaks what held."""
    names = table.question.names
    rows = ["Minimal sets under which all of them hold:", *_bullets(table.sufficient(names)), ""]
    rows.append("Minimal sets under which one of them holds:")
    width = max(len(name) for name in names)
    rows += [f"  {name:<{width}}  {'; '.join(map(set_name, table.sufficient([name]))) or 'none'}" for name in names]
    rows += ["", "Tempting, and not enough alone:"]
    for row in table.tempting():
        broken = [name for name in names if not row.of(name).holds]
        what = "changes no verdict" if _same_verdicts(row, table.row(())) else f"leaves {', '.join(broken)} broken"
        rows.append(f"  {set_name(row.race.protections)} {what}")
    return [*rows, "", *_not_monotone(table.not_monotone())]


def _bullets(sets: tuple[Set, ...]) -> list[str]:
    return [f"  {set_name(names)}" for names in sets] or ["  none"]


def _same_verdicts(findings: Findings, other: Findings) -> bool:
    return [finding.holds for finding in findings.findings] == [finding.holds for finding in other.findings]


def _not_monotone(pairs: tuple[NotMonotone, ...]) -> list[str]:
    if not pairs:
        return ["No protection breaks what held without it."]
    rows = [f"One protection more can break what held ({len(pairs)} cases in all; the smallest sets):"]
    least: dict[tuple[str, str], list[NotMonotone]] = {}
    for pair in pairs:
        least.setdefault((pair.added, pair.invariant), []).append(pair)
    by_set: dict[tuple[str, Set], list[str]] = {}
    for (added, invariant), cases in least.items():
        smallest = min(cases, key=lambda case: len(case.names))
        by_set.setdefault((added, smallest.names), []).append(invariant)
    for (added, names), invariants in by_set.items():
        rows.append(f"  {added} on top of {set_name(names)} breaks {', '.join(invariants)}")
    return rows
