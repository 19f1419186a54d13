"""What DNS queries got, in one word each, and how each word is drawn: alike in the report and in the console."""

from __future__ import annotations

from collections import Counter

from chaoskit.charts.time_chart import SERIES_MOST, Series
from chaoskit.journal.events import QueryAnswered
from chaoskit.units import SECOND

RCODE_STYLES = {"NOERROR": "s5", "NODATA": "s1", "NXDOMAIN": "s4", "SERVFAIL": "s6", "REFUSED": "s2", "no reply": "s3"}
"""How each result of a query is drawn, on the page and in the console; results that are not here share the last styles."""


def result_of(query: QueryAnswered) -> str:
    """What a query got: NOERROR with records, NODATA, another RCODE, or *no reply* that a resolver can use."""
    if query.reply != "answer":
        return "no reply"
    return "NODATA" if query.rcode == "NOERROR" and not query.answers else query.rcode


def stacked(counts: Counter[tuple[str, int]], step: int, per: float) -> list[Series]:
    """Counts by (result, bucket) as series of values per ``per``: known results in the order of ``RCODE_STYLES``, then others by name."""
    results = {result for result, _ in counts}
    names = [name for name in RCODE_STYLES if name in results] + sorted(results - set(RCODE_STYLES))
    spare = [f"s{number}" for number in range(SERIES_MOST) if f"s{number}" not in {*RCODE_STYLES.values(), "s5"}]
    styles = {name: RCODE_STYLES.get(name) or spare[place % len(spare)] for place, name in enumerate(names)}
    return [
        Series(
            name=name,
            style=styles[name],
            points=[
                (number * step / SECOND, count / per)
                for (result, number), count in sorted(counts.items(), key=lambda item: item[0][1])
                if result == name
            ],
        )
        for name in names
    ]
