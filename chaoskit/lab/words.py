"""Figures in words, the same in the terminal, in Markdown and on the page."""

from __future__ import annotations

import statistics

from chaoskit.clients.probe import HTTP_PROBES
from chaoskit.lab.compare import Documented
from chaoskit.lab.rows import Row
from chaoskit.lab.sample import Subject
from chaoskit.spread import Spread
from chaoskit.units import format_duration

DASH = "–"
NAMES = {
    "boto3": "botocore",
    "aws_cli": "AWS CLI",
    "javascript": "JS v3, @smithy/core",
    "go": "Go v2",
    "java": "Java v2",
    "rust": "Rust",
    "aiohttp": "aiohttp on c-ares",
}


def who(subject: Subject) -> str:
    """``botocore 1.44.5``."""
    name = NAMES.get(subject.sdk, subject.sdk)
    cache = f", DNS cache {subject.dns_cache}" if subject.dns_cache else ""
    return f"{name} {subject.version}{cache}"


def mode(subject: Subject) -> str:
    """The retry mode, and what the default was resolved to; a probe tries nothing twice."""
    if subject.sdk in HTTP_PROBES:
        return "none"
    return subject.retry_mode or f"default ({subject.resolved_mode})"


def times(summary: Spread | None) -> str:
    """``130 ms (110 ms–170 ms)``."""
    if summary is None:
        return DASH
    if format_duration(round(summary.least)) == format_duration(round(summary.most)):
        return format_duration(round(summary.middle))
    low, high = format_duration(round(summary.least)), format_duration(round(summary.most))
    return f"{format_duration(round(summary.middle))} ({low}{DASH}{high})"


def counts(summary: Spread | None) -> str:
    """``4``, or ``3–4``."""
    if summary is None:
        return DASH
    return f"{summary.least:g}" if summary.least == summary.most else f"{summary.least:g}{DASH}{summary.most:g}"


def share(fraction: float | None) -> str:
    """``86 %``."""
    return DASH if fraction is None else f"{100 * fraction:.0f} %"


def error(row: Row) -> str:
    """The commonest error, and how many others there were."""
    if not row.errors:
        return DASH
    others = len(row.errors) - 1
    return row.errors[0][0] + (f" and {others} other{'s' if others > 1 else ''}" if others else "")


def sleeps(row: Row) -> str:
    """The median pause before each retry."""
    by_retry = row.sleeps_ns()
    if not by_retry:
        return DASH
    return ", ".join(format_duration(round(statistics.median(values))) for values in by_retry.values())


def lag(row: Row) -> str:
    """How long after the fault calls worked again."""
    if row.lost:
        return f"{row.lost} of {row.n} not in the time given"
    return times(row.lag_ns)


def document(documented: Documented | None) -> str:
    """What the document has for attempts and give-up time."""
    return (
        DASH
        if documented is None
        else f"{documented.policy.name}: {documented.attempts}, {times(documented.gave_up_ns)}"
    )


def verdict(row: Row, documented: Documented | None) -> str:
    """Whether the measured agrees with the documented."""
    if not row.exercised:
        return "not exercised"
    if documented is None or row.subject.connection != "cold":
        return DASH
    return "as documented" if not documented.mismatches else "; ".join(documented.mismatches)
