"""Charts of the whole run over time: latency of each client, lookups by RCODE, and the herd after the end of each fault. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from chaoskit.charts.axis import round_step, seconds_label
from chaoskit.charts.results import result_of, stacked
from chaoskit.charts.time_chart import Series, TimeChart, figure
from chaoskit.clock import Instant
from chaoskit.journal.command import requests_as_calls
from chaoskit.journal.events import ConnectionOpened, QueryAnswered
from chaoskit.journal.run import Run
from chaoskit.journal.stored import instants_of, select
from chaoskit.report.figures import ClientFigures
from chaoskit.spread import percentile
from chaoskit.units import MILLISECOND, SECOND

COLUMNS = 60
"""Buckets of a chart over the whole run."""

CLIENTS_MOST = 8
"""Clients with a chart of their own; the page says how many more there are."""

HERDS_MOST = 3
HERD_STEP = 100 * MILLISECOND
HERD_BEFORE, HERD_AFTER = 1 * SECOND, 5 * SECOND


def latency_charts(run: Run, figures: Sequence[ClientFigures], end: Instant) -> list[str]:
    """For each client the median, 95th percentile and slowest of the calls that ended in each bucket of time."""
    charts = []
    for client in figures[:CLIENTS_MOST]:
        unreported = client.fate == "unreported"
        calls = requests_as_calls(run, client.name) if unreported else run.calls[client.name]
        samples = [(call.finished, call.elapsed_ns) for call in calls if call.finished is not None]
        charts.append(_latency(run, client.name, samples, end, "requests at the services" if unreported else "calls"))
    return charts


def _latency(run: Run, name: str, samples: Sequence[tuple[Instant, int | None]], end: Instant, noun: str) -> str:
    step = _step(run, end)
    buckets: dict[int, list[int]] = defaultdict(list)
    for finished, elapsed in samples:
        if elapsed is not None:
            buckets[(finished - run.origin) // step].append(elapsed)
    numbers = range(min(buckets, default=0), max(buckets, default=0) + 1)
    lines: list[tuple[str, str, Callable[[list[int]], int | None]]] = [
        ("slowest", "s3", lambda values: max(values, default=None)),
        ("95th percentile", "s1", lambda values: percentile(values, 0.95)),
        ("median", "s0", lambda values: percentile(values, 0.5)),
    ]
    series = [
        Series(
            name=words, style=style, points=[_point(number, step, pick(buckets.get(number, []))) for number in numbers]
        )
        for words, style, pick in lines
    ]
    chart = TimeChart(
        title=f"{name}: how long {noun} took",
        start=0,
        end=(end - run.origin) / SECOND,
        series=series,
        label=seconds_label,
        empty=f"No {noun} of {name} were seen to end, so there is nothing to time.",
        shades=_shades(run),
        scale="log",
        least=0.0001,
        width=560,
    )
    return figure(chart)


def _point(number: int, step: int, ns: int | None) -> tuple[float, float | None]:
    return (number + 0.5) * step / SECOND, None if ns is None else max(ns, 1) / SECOND


def lookups_chart(run: Run, end: Instant) -> str:
    """DNS queries of the clients per second, by what they got."""
    step = _step(run, end)
    counts: Counter[tuple[str, int]] = Counter()
    for entry in select(run.entries, QueryAnswered):
        query = entry.event
        assert isinstance(query, QueryAnswered)
        if query.asker in run.clients and query.at >= run.origin:
            counts[result_of(query), (query.at - run.origin) // step] += 1
    chart = TimeChart(
        title="DNS queries per second, by what they got",
        start=0,
        end=(end - run.origin) / SECOND,
        series=stacked(counts, step, step / SECOND),
        label=lambda value: f"{value:g}/s",
        empty="No client asked anything, so there is nothing to draw.",
        shades=_shades(run),
        bar_s=step / SECOND,
    )
    return figure(chart)


def herd_charts(run: Run) -> list[str]:
    """What came within 100 ms each around the end of each fault: lookups, and new connections through the proxy."""
    ends = [episode.end for episode in run.episodes if episode.end <= run.last_instant][:HERDS_MOST]
    if not ends:
        return []
    lookups = sorted(lookup.started for lookup in run.lookups if lookup.client in run.clients)
    opened = sorted(instants_of(run.entries, ConnectionOpened))
    return [_herd(run, end, lookups, opened) for end in ends]


def _herd(run: Run, end: Instant, lookups: Sequence[Instant], opened: Sequence[Instant]) -> str:
    counts: Counter[tuple[str, int]] = Counter()
    for name, instants in (("lookups", lookups), ("new connections", opened)):
        for at in _between(instants, end - HERD_BEFORE, end + HERD_AFTER):
            counts[name, (at - end) // HERD_STEP] += 1
    styles = {"lookups": "s5", "new connections": "s4"}
    series = [
        Series(
            name=name,
            style=style,
            points=[(n * HERD_STEP / SECOND, counts[name, n]) for n in range(-10, 50) if counts[name, n]],
        )
        for name, style in styles.items()
    ]
    end_s = (end - run.origin) / SECOND
    chart = TimeChart(
        title=f"The herd at the end of the fault ({end_s:g} s): lookups and new connections per 100 ms",
        start=-HERD_BEFORE / SECOND,
        end=HERD_AFTER / SECOND,
        series=series,
        label=lambda value: f"{value:g}",
        empty=f"Nobody looked a name up or opened a connection from 1 s before to 5 s after the fault's end at {end_s:g} s.",
        shades=[(-HERD_BEFORE / SECOND, 0.0)],
        bar_s=HERD_STEP / SECOND,
        width=560,
    )
    return figure(chart, "0 s is the planned end of the fault; each bar is 100 ms.")


def _between(instants: Sequence[Instant], begin: Instant, end: Instant) -> Iterable[Instant]:
    return instants[bisect_left(instants, begin) : bisect_left(instants, end)]


def _step(run: Run, end: Instant) -> int:
    """The length of a bucket in ns: round, and at most ``COLUMNS`` of them."""
    return max(1, round(round_step((end - run.origin) / SECOND / COLUMNS) * SECOND))


def _shades(run: Run) -> list[tuple[float, float]]:
    return [((begin - run.origin) / SECOND, (end - run.origin) / SECOND) for begin, end in run.fault_spans]
