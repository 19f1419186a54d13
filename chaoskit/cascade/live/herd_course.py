"""A real herd's course from its journal, and the same herd simulated. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from chaoskit.cascade.live import read_part
from chaoskit.cascade.live.parts.door import Door
from chaoskit.cascade.live.parts.herd import Herd
from chaoskit.cascade.recovery.herd import HerdCourse, play_herd
from chaoskit.cascade.recovery.herd_clients import BIN_NS
from chaoskit.clock import Instant
from chaoskit.journal.events import DialAnswered
from chaoskit.journal.levels import measured_levels
from chaoskit.journal.run import Run
from chaoskit.units import SECOND


def parts_of(run: Run) -> tuple[list[tuple[str, Herd]], Door | None]:
    """The herd's processes with their labels, and the door that they dial."""
    written: dict[str, Any] = run.header.experiment.get("clients") or {}
    parts = {label: read_part(c["part"], c.get("settings") or {}) for label, c in written.items() if c.get("part")}
    herds = [(label, part) for label, part in parts.items() if isinstance(part, Herd)]
    return herds, next((part for part in parts.values() if isinstance(part, Door)), None)


def real_course(run: Run) -> HerdCourse | None:
    """What the journal tells of the herd since the end of the last fault; None for a run without one."""
    herds, door = parts_of(run)
    if not herds or door is None or not run.episodes:
        return None
    back, ends = run.episodes[-1].end, run.ends
    labels = {label for label, _ in herds}
    dials = [event for _, event in run.of(DialAnswered)]
    bins = max(1, (ends - back) // BIN_NS)
    return HerdCourse(
        lookups=_binned((lookup.started for lookup in run.lookups if lookup.client in labels), back, bins),
        dials=_binned((dial.at for dial in dials), back, bins),
        connects=_binned((dial.answered_at for dial in dials if dial.outcome == "accepted"), back, bins),
        refused=sum(dial.outcome == "refused" for dial in dials),
        given_up=sum(dial.outcome == "gone" for dial in dials),
        connected_s=_connected_s(run, herds, back),
    )


def simulated_course(run: Run) -> HerdCourse | None:
    """The same herd in virtual time: all of its processes as one, from the lead on, with the real door's numbers."""
    herds, door = parts_of(run)
    if not herds or door is None or not run.episodes:
        return None
    first = herds[0][1]
    back = run.episodes[-1].end - run.origin
    settings = replace(
        first.shared,
        clients=sum(herd.clients for _, herd in herds),
        accepts_per_s=door.accepts_per_s,
        backlog=door.backlog,
        outage_s=(back - first.lead) / SECOND,
        watched_s=(run.ends - run.origin - back) / SECOND,
    )
    return play_herd(settings, run.header.seed)


def herd_lines(run: Run) -> Iterator[str]:
    """The two courses in words."""
    for name, course in (("real", real_course(run)), ("simulated", simulated_course(run))):
        if course is None:
            return
        connected = "not all connected while it was watched"
        if course.connected_s is not None:
            connected = f"every client connected {course.connected_s:.1f} s after"
        yield (
            f"herd, {name}: at most {max(course.dials)} dials, {max(course.lookups)} lookups and {max(course.connects)} connections in "
            f"100 ms after the record's return, {course.refused} refused, {course.given_up} given up, {connected}"
        )


def _binned(instants: Iterable[Instant], back: Instant, bins: int) -> tuple[int, ...]:
    counts = [0] * bins
    for instant in instants:
        if 0 <= (place := (instant - back) // BIN_NS) < bins:
            counts[place] += 1
    return tuple(counts)


def _connected_s(run: Run, herds: list[tuple[str, Herd]], back: Instant) -> float | None:
    """When the last process had a connection for each of its clients."""
    last: list[Instant] = []
    for label, herd in herds:
        full = [
            event.at for _, event in measured_levels(run, label, "clients connected") if event.value >= herd.clients
        ]
        if not full:
            return None
        last.append(full[0])
    return (max(last) - back) / SECOND
