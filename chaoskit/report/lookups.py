"""The DNS lane of the timeline: what the record was seen to answer, and when each client looked it up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.clock import Instant
from chaoskit.journal.lookups import Lookup
from chaoskit.journal.run import Run
from chaoskit.report.marks import Scale
from chaoskit.report.words import plural, seconds
from chaoskit.units import format_duration

NAMES_MOST = 4
"""Names drawn with a strip of their own; the page says how many more there were."""

_TICK_GAP = 3.0  # px: lookups closer than this share a tick

RecordState: TypeAlias = Literal["answers", "half", "empty", "refused", "silent", "mixed"]
"""What lookups of a name got: addresses; addresses of one family and an error or no reply for the other; NODATA; another RCODE; no usable
reply; or several of these under one tick."""

STATE_WORDS: dict[RecordState, str] = {
    "answers": "answers with addresses",
    "half": "half of it failed",
    "empty": "empty: NODATA",
    "refused": "error answers",
    "silent": "no usable reply",
    "mixed": "mixed",
}

_SHORT: dict[RecordState, str] = {
    "answers": "answers",
    "half": "half",
    "empty": "NODATA",
    "refused": "errors",
    "silent": "silent",
    "mixed": "mixed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A time in which every lookup of a name got the same: from the first to the last of them."""

    x: float
    w: float
    state: RecordState
    label: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """One or more lookups of a client at one place."""

    x: float
    state: RecordState
    count: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """What one name was seen to answer."""

    name: str
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupRow:
    """The lookups of one client."""

    client: str
    count: int
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsLane:
    """The whole lane. ``hidden_names`` were looked up too, but have no strip."""

    strips: tuple[Strip, ...]
    rows: tuple[LookupRow, ...]
    hidden_names: int


def state_of(lookup: Lookup) -> RecordState:
    """What a lookup got. A name with only A records is not empty: one address is enough."""
    if lookup.answers:
        return "half" if lookup.half_failed else "answers"
    if all(rcode == "NOERROR" for rcode in lookup.rcodes):
        return "empty"
    if any(rcode in ("drop", "hangup", "raw") for rcode in lookup.rcodes):
        return "silent"
    return "refused"


def dns_lane(run: Run, scale: Scale) -> DnsLane:
    """The lane of ``run``; only what its clients asked, so not the canary's lookups."""
    lookups = [lookup for lookup in run.lookups if lookup.client in run.clients]
    names = [name for name, _ in Counter(lookup.name for lookup in lookups).most_common()]
    asked: dict[str, list[Lookup]] = defaultdict(list)
    for lookup in lookups:
        asked[lookup.client].append(lookup)
    return DnsLane(
        strips=tuple(
            Strip(name=name, seen=_seen([lookup for lookup in lookups if lookup.name == name], scale, run.origin))
            for name in names[:NAMES_MOST]
        ),
        rows=tuple(
            LookupRow(client=client, count=len(asked[client]), ticks=_ticks(asked[client], scale, run.origin))
            for client in run.clients
        ),
        hidden_names=max(0, len(names) - NAMES_MOST),
    )


def _seen(lookups: Sequence[Lookup], scale: Scale, origin: Instant) -> tuple[Seen, ...]:
    runs: list[list[Lookup]] = []
    for lookup in lookups:
        if runs and state_of(runs[-1][-1]) == state_of(lookup):
            runs[-1].append(lookup)
        else:
            runs.append([lookup])
    strips: list[Seen] = []
    for same in runs:
        left, right = scale.x(same[0].started), scale.x(same[-1].started)
        if strips and right < strips[-1].x + strips[-1].w and right - left < 1:
            continue  # flapping faster than a pixel: the ticks below still show it
        state = state_of(same[0])
        width = max(2.0, round(right - left, 1))
        first, last = seconds(same[0].started, origin), seconds(same[-1].started, origin)
        strips.append(
            Seen(
                x=left,
                w=width,
                state=state,
                label=_strip_label(state, same, width),
                title=f"{plural(len(same), 'lookup')} from {first} to {last}: {STATE_WORDS[state]}",
            )
        )
    return tuple(strips)


def _strip_label(state: RecordState, same: Sequence[Lookup], width: float) -> str:
    words = [STATE_WORDS[state], _SHORT[state]]
    if state == "refused":
        words = [Counter(rcode for lookup in same for rcode in lookup.rcodes).most_common(1)[0][0]]
    return next((word for word in words if width > 6 * len(word) + 8), "")


def _told(state: RecordState, group: Sequence[Lookup]) -> str:
    """What a group of lookups got; of half a lookup, which half, and how long it took."""
    if state != "half":
        return STATE_WORDS[state]
    longest = max(lookup.finished - lookup.started for lookup in group)
    return f"{group[0].words}, in {format_duration(longest)}"


def _ticks(lookups: Sequence[Lookup], scale: Scale, origin: Instant) -> tuple[Tick, ...]:
    groups: list[tuple[float, list[Lookup]]] = []
    for lookup in lookups:
        x = scale.x(lookup.started)
        if groups and x - groups[-1][0] < _TICK_GAP:
            groups[-1][1].append(lookup)
        else:
            groups.append((x, [lookup]))
    ticks = []
    for x, group in groups:
        states = {state_of(lookup) for lookup in group}
        state: RecordState = states.pop() if len(states) == 1 else "mixed"
        at = seconds(group[0].started, origin)
        ticks.append(
            Tick(
                x=x,
                state=state,
                count=len(group),
                title=f"{plural(len(group), 'lookup')} at {at}: {_told(state, group)}",
            )
        )
    return tuple(ticks)
