"""The words of a survey's table, the same in the terminal, in Markdown and on the page."""

from __future__ import annotations

from collections import Counter

from chaoskit.survey.dependency import Dependency
from chaoskit.survey.observation import Observation, Status
from chaoskit.survey.result import Row, Survey
from chaoskit.units import format_duration

COLUMNS = ("dependency", "fault", "what became of it", "hung", "back after", "cause", "known cure")

STATUS_WORDS: dict[Status, str] = {
    "not back": "NOT BACK",
    "failed": "FAILS",
    "late": "late",
    "waited": "waits",
    "unharmed": "unharmed",
    "not exercised": "not exercised",
    "unknown": "unknown",
}

HURT: dict[Status, str] = {"not back": "not back", "failed": "failed", "late": "came back late", "waited": "waited"}

LEGEND = """\
Each row is a run of its own, with one fault on one dependency. *Hung* is how much longer the command, or the longest call, took than usual
without a fault; *back after* counts from the end of the fault to the success that no failure follows, and a dash stands where there was
none, or nothing to come back from. A cause is named only where lookups, connections or sockets show it. *Not exercised*: the fault met
no lookup and no connection, so nothing was tested.
"""


def cells(row: Row) -> tuple[str, ...]:
    """The words of one line of the table."""
    observation, cause = row.observation, row.cause
    reason = (f"{cause.key}: {cause.because}" if cause.because else cause.key) if cause else "–"
    return (
        row.trial.dependency.name,
        row.trial.fault_title,
        outcome(observation),
        "–" if observation.status in ("not exercised", "unknown") else hung(observation),
        back(observation),
        observation.why or reason,
        cause.cure if cause and cause.cure else "–",
    )


def outcome(observation: Observation) -> str:
    """``FAILS: code 1 after 0.2 s``, ``FAILS: 40 of 48 calls``."""
    word = STATUS_WORDS[observation.status]
    if observation.status in ("not exercised", "unknown"):
        return word
    if observation.calls is not None:
        count, failed = observation.calls
        return f"{word}: {failed} of {count} calls failed"
    after = format_duration(observation.elapsed_ns or 0)
    if observation.exit_code is None:
        return f"{word}: still running after {after}"
    return f"{word}: code {observation.exit_code} after {after}"


def hung(observation: Observation) -> str:
    """How much longer it took than without a fault; a dash for less than a tenth of a second."""
    more = "over " if observation.hung_open else ""
    return f"{more}{format_duration(observation.hung_ns)}" if observation.hung_ns >= 100_000_000 else "–"


def back(observation: Observation) -> str:
    """``2.1 s``, ``not back``, or a dash where there was nothing to come back from."""
    if observation.back_ns is not None:
        return format_duration(observation.back_ns)
    return "not back" if observation.status == "not back" else "–"


def dependency_line(dependency: Dependency) -> str:
    """``db.example.internal: 3 lookups, 1 connection``."""
    lookups = f"{dependency.lookups} lookup{'s' if dependency.lookups > 1 else ''}"
    if dependency.connections is None:
        return f"{dependency.name}: {lookups}; no proxy in the way, so its connections are not counted"
    connections = f"{dependency.connections} connection{'' if dependency.connections == 1 else 's'}"
    return f"{dependency.name}: {lookups}, {connections}"


def unserved_line(name: str) -> str:
    """What to do about a name that nobody serves."""
    return f"{name}: looked up, but nobody serves it in the sandbox, so it was not surveyed; open it with --allow, or give it a zone"


def headline(survey: Survey) -> str:
    """``3 of 14 trials hurt it: 1 hangs, 2 fail``."""
    counts = Counter(row.observation.status for row in survey.rows)
    hurt = [f"{counts[status]} {word}" for status, word in HURT.items() if counts[status]]
    harmless = "none of them failed, waited or came back late"
    return f"{len(survey.rows)} trials: {', '.join(hurt) if hurt else harmless}"
