"""The debrief: what happened on one time axis, the marks with their reasons, the day's own times, and a draft post-mortem."""

from __future__ import annotations

from chaoskit.clock import Instant
from chaoskit.drill.judge import DrillScore, Times
from chaoskit.drill.marks import DrillView
from chaoskit.report.drill_moments import moments_of
from chaoskit.report.words import plural
from chaoskit.units import MINUTE, SECOND, format_duration

THE_DAY = Times(first_word=23 * MINUTE, right_name=38 * MINUTE, mitigated=157 * MINUTE)
"""20 October 2025 in us-east-1: the first public word at 00:11, DNS named at 00:38 and the record back at 02:25, all after 23:48."""


def clock_of(view: DrillView, at: Instant) -> str:
    """Seconds from 0 s of the drill, with a sign before it."""
    origin = view.run.armed.origin if view.run.armed else 0
    return f"{(at - origin) / SECOND:+.1f} s"


def times_table(times: Times) -> list[tuple[str, str, str]]:
    """What, the team's time, the day's own."""
    rows = (("first public word", "first_word"), ("right name diagnosed", "right_name"), ("record back", "mitigated"))
    return [(words, _length(getattr(times, key)), _length(getattr(THE_DAY, key))) for words, key in rows]


def _length(ns: int | None) -> str:
    return "never" if ns is None else format_duration(ns)


def debrief_lines(view: DrillView, score: DrillScore) -> list[str]:
    """For the terminal."""
    lines = [f"{score.scenario}: {score.state}, {score.points:g} of 100 points", ""]
    lines += [f"  {clock_of(view, moment.at):>10}  {moment.lane:<9}  {moment.words}" for moment in moments_of(view.run)]
    lines += ["", "  marks"]
    for entry in score.marks:
        points = f"{entry.points:g}/{entry.out_of:g}" if entry.out_of else f"{entry.points:g}"
        title = entry.clause if entry.clause == entry.part else f"{entry.part}: {entry.clause}"
        lines.append(f"  {points:>8}  {entry.finding:<7}  {title}: {entry.because}")
    lines += ["", f"  {'after the begin':<22}  {'you':<14}  20 October 2025"]
    lines += [f"  {words:<22}  {ours:<14}  {theirs}" for words, ours, theirs in times_table(score.times)]
    return lines


def post_mortem(view: DrillView, score: DrillScore) -> str:
    """A draft in Markdown, in a blameless form: what happened and what the system let happen, nobody's fault."""
    truth, header = view.plan.diagnosis.truth, view.run.header
    failures = view.failures
    impact = f"{plural(len(failures), 'call')} of customers failed" if failures else "no call of a customer failed"
    lines = [
        f"# Post-mortem (draft): {header.title}",
        "",
        "This is a draft made from the journal. It names no person: ask what made each step look right at its time.",
        "",
        "## Summary",
        "",
        f"{truth.name}: {truth.mechanism} ({truth.scope}). {impact}. At the end: {score.state}. {score.points:g} of 100 points.",
        "",
        "## Times",
        "",
        "| after the begin | this team | 20 October 2025 |",
        "|---|---|---|",
        *(f"| {words} | {ours} | {theirs} |" for words, ours, theirs in times_table(score.times)),
        "",
        "## Timeline",
        "",
        "| time | what | |",
        "|---|---|---|",
        *(
            f"| {clock_of(view, moment.at)} | {moment.lane} | {_cell(moment.words)} |"
            for moment in moments_of(view.run)
        ),
        "",
        "## Marks",
        "",
        "| part | clause | finding | points | reason |",
        "|---|---|---|---|---|",
        *(
            f"| {entry.part} | {entry.clause} | {entry.finding} | {entry.points:g} of {entry.out_of:g} | {_cell(entry.because)} |"
            for entry in score.marks
        ),
        "",
        *_lessons(score),
        "## Actions",
        "",
        "| action | owner | until |",
        "|---|---|---|",
        "| | | |",
        "",
    ]
    return "\n".join(lines)


def _lessons(score: DrillScore) -> list[str]:
    """What went well and what made it harder, as the marks have it."""
    well = [entry for entry in score.marks if entry.finding == "held" and entry.points > 0]
    harder = [entry for entry in score.marks if entry.finding != "held"]
    lines = []
    for title, entries in (("What went well", well), ("What made it harder", harder)):
        reasons = [f"- {entry.clause}: {_cell(entry.because)}" for entry in entries]
        lines += [f"## {title}", "", *(reasons or ["- "]), ""]
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
