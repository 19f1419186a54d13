"""``chaoskit serve --invariant``: expectations about records, judged at each change of a zone while the server runs."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from chaoskit.dns.control.event_stream import InvariantBroken
from chaoskit.dns.control.invariants import InvariantState
from chaoskit.dns.zone import Zones
from chaoskit.errors import InputError
from chaoskit.expect import EXPECTATIONS, Expectation
from chaoskit.journal.events import Entry, ZoneChanged
from chaoskit.journal.run import Run
from chaoskit.units import parse_duration

HISTORY = 1_000
"""Changes of a record that an invariant looks back on."""

Invariants = Annotated[
    list[str],
    typer.Option(
        metavar="KIND=NAME[,…]",
        help="What must hold of a record as zones change: never_empty=NAME, never_missing=NAME, never_older=NAME[,PATTERN] or "
        "changes_at_most=NAME,N,PER; may be repeated. A break is told at once, and the exit code is then 1.",
    ),
]
_FORMS = "never_empty=NAME, never_missing=NAME, never_older=NAME[,PATTERN] or changes_at_most=NAME,N,PER"


@dataclass(slots=True)
class _Watched:
    """One invariant, as it was ``written``, and the changes since it last broke that touch its record."""

    written: str
    kind: str
    name: str
    judge: Expectation
    changes: deque[Entry] = field(default_factory=lambda: deque(maxlen=HISTORY))
    broken: int = 0
    finding: str = "unknown"
    because: str = "no change of a zone was seen"


class InvariantWatch:
    """Judges invariants at each change. ``tell`` gets a line for each break."""

    def __init__(self, watched: Sequence[_Watched], tell: Callable[[str], object]) -> None:
        self._watched = watched
        self._tell = tell
        self._seq = 0

    @property
    def broken(self) -> int:
        """How often an invariant was broken."""
        return sum(invariant.broken for invariant in self._watched)

    def changed(self, event: ZoneChanged) -> list[InvariantBroken]:
        """The invariants that this change breaks. After a break an invariant is judged anew by what comes then."""
        self._seq += 1
        names = {change.name for change in event.changes}
        return [
            broken
            for invariant in self._watched
            if invariant.name in names and (broken := self._judged(invariant, event)) is not None
        ]

    def _judged(self, invariant: _Watched, event: ZoneChanged) -> InvariantBroken | None:
        invariant.changes.append(Entry(self._seq, event))
        verdict = invariant.judge.judge(Run(tuple(invariant.changes)))
        invariant.finding, invariant.because = verdict.finding, verdict.because
        if verdict.finding != "broken":
            return None
        invariant.broken += 1
        invariant.changes.clear()
        author = event.author or event.source
        self._tell(
            f"invariant broken: {invariant.written}: {verdict.because} (version {event.serial} of {event.zone}, by {author})"
        )
        return InvariantBroken(event.at, invariant.written, verdict.because, author, event.zone, event.serial)

    def states(self) -> list[InvariantState]:
        """What is known of each now."""
        return [
            InvariantState(invariant.written, invariant.kind, invariant.finding, invariant.because, invariant.broken)
            for invariant in self._watched
        ]


def invariant_watch(written: Sequence[str], zones: Zones) -> InvariantWatch | None:
    """The watch of ``--invariant``; None without any. Raises ``InputError`` for what is no invariant, or of a name in no zone."""
    if not written:
        return None
    return InvariantWatch(
        [_read(text, zones) for text in written], lambda line: sys.stderr.write(f"chaoskit: {line}\n")
    )


def _read(written: str, zones: Zones) -> _Watched:
    kind, separator, rest = written.partition("=")
    name, _, more = rest.partition(",")
    if not separator:
        raise InputError(f"--invariant {written}: write {_FORMS}")
    try:
        limits = _limits(kind, more)
        judge = EXPECTATIONS.get(kind)(name=name, **limits)
    except ValueError as error:
        raise InputError(f"--invariant {written}: {error}") from error
    plain = name.lower().removesuffix(".")
    if zones.find(plain) is None:
        served = ", ".join(apex or "." for apex in zones.zones) or "none"
        raise InputError(f"--invariant {written}: {name} lies in no zone that is served; served: {served}")
    return _Watched(written, kind, plain, judge)


def _limits(kind: str, more: str) -> dict[str, Any]:
    """What follows the name. Raises ``ValueError``."""
    match kind:
        case "never_empty" | "never_missing" if not more:
            return {}
        case "never_older":
            return {"pattern": more} if more else {}
        case "changes_at_most":
            count, _, per = more.partition(",")
            if not count.isdecimal() or int(count) >= HISTORY:
                raise ValueError(f"{count!r} is no number of changes below {HISTORY}; write {kind}=NAME,3,1m")
            return {"n": int(count), "per": parse_duration(per)}
    raise ValueError(f"write {_FORMS}")
