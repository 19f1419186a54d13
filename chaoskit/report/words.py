"""How reports put figures into words: counts, lists, shares, instants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chaoskit.clock import Instant
from chaoskit.journal.recovery import Recovery
from chaoskit.report.figures import Effect
from chaoskit.spread import Spread
from chaoskit.units import SECOND, format_duration

FATE_WORDS: dict[Effect, str] = {
    "unaffected": "never noticed",
    "unharmed": "met it unharmed",
    "slowed": "slowed down",
    "retried": "survived by retrying",
    "partly": "partly failed",
    "down": "went down",
    "unfinished": "never finished",
    "untested": "not tested",
    "unreported": "reports no calls",
}
"""What reports call a client's fate."""

FATE_MEANING: dict[Effect, str] = {
    "unaffected": "every call in the fault succeeded at its first attempt, and none is known to have met it",
    "unharmed": "calls met the fault, and each succeeded at its first attempt, no slower than usual",
    "slowed": "every call in the fault succeeded, some far slower than before it",
    "retried": "every call in the fault succeeded in the end, some only after retries",
    "partly": "some calls in the fault succeeded, some did not",
    "down": "no call in the fault succeeded",
    "unfinished": "no call in the fault had come to an end when the run did",
    "untested": "it made no call in the fault",
    "unreported": "a command of your own: its lookups and the requests that arrived are seen, its calls are not",
}


_CONNECTIONS = {
    "cold": "a new connection for each call",
    "warm": "a connection kept open between calls",
    "burst": "connections kept open, and bursts of calls",
}


def connection_words(setting: str) -> str:
    """What a client's ``connection`` setting means; a setting that is not known here stands for itself."""
    return _CONNECTIONS.get(setting, setting)


def lag_words(recovery: Recovery) -> str:
    """How soon a client was back: ``24 ms``, ``18.3 s before its end``, ``not back``, ``unknown``; a dash where nothing was lost."""
    if recovery.status == "not back":
        return "not back"
    if recovery.status == "unknown":
        return "unknown"
    if recovery.lag_ns is None:
        return "–"
    return (
        f"{format_duration(-recovery.lag_ns)} before its end"
        if recovery.lag_ns < 0
        else format_duration(recovery.lag_ns)
    )


def since_the_fault(lag_ns: int) -> str:
    """``24 ms after the fault``, ``18.3 s before its end``."""
    return f"{format_duration(-lag_ns)} before its end" if lag_ns < 0 else f"{format_duration(lag_ns)} after the fault"


def lag_words_of(recovery: Mapping[str, Any] | None) -> str:
    """``lag_words`` of a summary's ``recovery``; *unknown* where nobody saw the calls."""
    if recovery is None:
        return "unknown"
    if recovery["lag_ns"] is None:
        return str(recovery["status"])
    return lag_words(Recovery(status=recovery["status"], lag_ns=recovery["lag_ns"]))


def plural(count: int, noun: str, many: str | None = None) -> str:
    """``1 call``, ``2 calls``."""
    return f"{count} {noun if count == 1 else many or noun + 's'}"


def listed(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def percent(share: float | None) -> str:
    """A share for people. Never rounded up to 100 % or down to 0 %: those two words mean all and none."""
    if share is None:
        return "–"
    if 0 < share < 0.001:
        return "<0.1 %"
    if 0.999 < share < 1:
        return ">99.9 %"
    value = share * 100
    return f"{value:.0f} %" if float(value).is_integer() else f"{value:.1f} %"


def seconds(instant: Instant, origin: Instant) -> str:
    """An instant on the experiment's own axis: ``5.02 s``."""
    return f"{(instant - origin) / SECOND:.2f} s"


def duration(ns: int | None) -> str:
    """A length of time; a dash for what the journal does not show."""
    return "–" if ns is None else format_duration(ns)


def range_of(summary: Spread | None) -> str:
    """``4``, or ``1 – 4, median 1``: counts."""
    if summary is None:
        return "–"
    if summary.least == summary.most:
        return str(summary.least)
    return f"{summary.least} to {summary.most}, median {summary.middle}"


def duration_range(summary: Spread | None) -> str:
    """``0.13 s`` or ``5 ms to 12.8 s, median 1.6 s``."""
    if summary is None:
        return "–"
    if summary.n == 1 or summary.least == summary.most:
        return format_duration(summary.most)
    least, middle, most = (format_duration(ns) for ns in (summary.least, summary.middle, summary.most))
    return f"{least} to {most}, median {middle}"
