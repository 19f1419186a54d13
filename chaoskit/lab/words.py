"""Figures in words, the same in the terminal, in Markdown and on the page."""

from __future__ import annotations

import statistics

from chaoskit.lab.compare import Documented
from chaoskit.lab.rows import Row, Spread
from chaoskit.lab.sample import Subject
from chaoskit.units import format_duration

DASH = "–"
NAMES = {
    "boto3": "botocore",
    "aws_cli": "AWS CLI",
    "javascript": "JS v3, @smithy/core",
    "go": "Go v2",
    "java": "Java v2",
    "rust": "Rust",
}


def who(subject: Subject) -> str:
    """``botocore 1.44.5``."""
    name = NAMES.get(subject.sdk, subject.sdk)
    cache = f", DNS cache {subject.dns_cache}" if subject.dns_cache else ""
    return f"{name} {subject.version}{cache}"


def mode(subject: Subject) -> str:
    """The retry mode, and what the default was resolved to."""
    return subject.retry_mode or f"default ({subject.resolved_mode})"


def times(found: Spread | None) -> str:
    """``130 ms (110 ms–170 ms)``."""
    if found is None:
        return DASH
    if format_duration(round(found.low)) == format_duration(round(found.high)):
        return format_duration(round(found.middle))
    low, high = format_duration(round(found.low)), format_duration(round(found.high))
    return f"{format_duration(round(found.middle))} ({low}{DASH}{high})"


def counts(found: Spread | None) -> str:
    """``4``, or ``3–4``."""
    if found is None:
        return DASH
    return f"{found.low:g}" if found.low == found.high else f"{found.low:g}{DASH}{found.high:g}"


def share(found: float | None) -> str:
    """``86 %``."""
    return DASH if found is None else f"{100 * found:.0f} %"


def error(row: Row) -> str:
    """The commonest error, and how many others there were."""
    if not row.errors:
        return DASH
    others = len(row.errors) - 1
    return row.errors[0][0] + (f" and {others} other{'s' if others > 1 else ''}" if others else "")


def sleeps(row: Row) -> str:
    """The median pause before each retry."""
    found = row.sleeps_ns()
    if not found:
        return DASH
    return ", ".join(format_duration(round(statistics.median(values))) for values in found.values())


def lag(row: Row) -> str:
    """How long after the fault calls worked again."""
    if row.lost:
        return f"{row.lost} of {row.n} not in the time given"
    return times(row.lag_ns)


def document(told: Documented | None) -> str:
    """What the document has for attempts and give-up time."""
    return DASH if told is None else f"{told.policy.name}: {told.attempts}, {times(told.gave_up_ns)}"


def verdict(row: Row, told: Documented | None) -> str:
    """Whether the measured agrees with the documented."""
    if not row.exercised:
        return "not exercised"
    if told is None or row.subject.connection != "cold":
        return DASH
    return "as documented" if not told.mismatches else "; ".join(told.mismatches)
