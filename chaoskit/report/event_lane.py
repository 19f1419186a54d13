"""What befell the parts of a run, on the timeline's axis: containers and programs that died, and the times in which the run was held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from chaoskit.clock import Instant
from chaoskit.journal.events import AppEnded, ContainerChanged, HoldBegun, HoldReleased, ProcessEnded
from chaoskit.journal.run import Run
from chaoskit.report.marks import Scale
from chaoskit.units import SECOND

ROW = 18
_DEATHS = ("died", "out of memory")
_TROUBLES = (*_DEATHS, "unhealthy", "paused")

Shape = Literal["death", "trouble", "well", "hold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMark:
    """One moment at ``x``, or a span of ``w`` px from there: the time until a container ran again, or in which the run was held."""

    x: float
    w: float
    shape: Shape
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """The marks of one service, program or client; or the holds."""

    name: str
    marks: tuple[EventMark, ...]


def event_rows(run: Run, scale: Scale) -> tuple[EventRow, ...]:
    """The rows of ``run``, holds first; none where nothing of the kind happened."""
    rows = []
    if holds := tuple(_holds(run, scale)):
        rows.append(EventRow(name="held", marks=holds))
    changes = sorted((event for _, event in run.of(ContainerChanged)), key=lambda event: (event.client, event.at))
    for name, of_service in groupby(changes, key=lambda event: event.client):
        rows.append(EventRow(name=name, marks=tuple(_containers(run, scale, list(of_service)))))
    for name in run.clients:
        deaths = [*run.deaths(name), *(event.at for _, event in run.of(AppEnded) if event.client == name)]
        if deaths and name not in {row.name for row in rows}:
            marks = (_death(run, scale, at, f"the process of {name} ended") for at in sorted(deaths))
            rows.append(EventRow(name=name, marks=tuple(marks)))
    rows += _unasked_ends(run, scale, {row.name for row in rows})
    return tuple(rows)


def _unasked_ends(run: Run, scale: Scale, drawn: set[str]) -> Iterator[EventRow]:
    """Processes of planes and clients that ended though nobody had asked them to, by name, without those that are ``drawn``.

    So dies a container of the compose game day, whose process behind its door is all that the run sees of it.
    """
    ends = [event for _, event in run.of(ProcessEnded) if not event.expected and event.process not in drawn]
    for name, of_process in groupby(
        sorted(ends, key=lambda event: (event.process, event.at)), lambda event: event.process
    ):
        marks = (
            _death(run, scale, event.at, f"the process {name} ended unasked with exit code {event.exit_code}")
            for event in of_process
        )
        yield EventRow(name=name, marks=tuple(marks))


def _holds(run: Run, scale: Scale) -> Iterator[EventMark]:
    releases = {event.number: event for _, event in run.of(HoldReleased)}
    for _, begun in run.of(HoldBegun):
        released = releases.get(begun.number)
        end = released.resumes if released else run.ends
        by = f"{released.by} said go" if released else "nobody said go"
        words = f"held before {begun.before} from {_time(run, begun.at)} to {_time(run, end)}: {by}"
        x = scale.x(begun.at)
        yield EventMark(x=x, w=max(2.0, round(scale.x(end) - x, 1)), shape="hold", title=words)


def _containers(run: Run, scale: Scale, changes: Sequence[ContainerChanged]) -> Iterator[EventMark]:
    for place, event in enumerate(changes):
        code = f" with exit code {event.exit_code}" if event.exit_code is not None else ""
        words = f"container {event.container}: {event.change}{code}"
        if event.change not in _DEATHS:
            shape: Shape = "trouble" if event.change in _TROUBLES else "well"
            yield EventMark(x=scale.x(event.at), w=0, shape=shape, title=f"{words} at {_time(run, event.at)}")
            continue
        later = changes[place + 1 :]
        again = next((c.at for c in later if c.container == event.container and c.change == "started"), None)
        yield _death(run, scale, event.at, words, again)


def _death(run: Run, scale: Scale, at: Instant, words: str, again: Instant | None = None) -> EventMark:
    """A death, and the time until what died was started ``again``; where nobody saw that, the moment alone."""
    x = scale.x(at)
    until = f", started again at {_time(run, again)}" if again is not None else ""
    w = round(scale.x(again) - x, 1) if again is not None else 0
    return EventMark(x=x, w=w, shape="death", title=f"{words} at {_time(run, at)}{until}")


def _time(run: Run, at: Instant) -> str:
    return f"{(at - run.origin) / SECOND:.2f} s"
