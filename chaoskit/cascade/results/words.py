"""The page "published / ours / off by", as lines of Markdown: the same in the terminal and in the documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chaoskit.cascade.results import LEFT_OUT, Row


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """Every row, then what the sources leave open, then what is left out."""
    yield "| source | what | published | ours | off by | tolerance | |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | --- |"
    for row in rows:
        off = row.off_by
        yield (
            f"| {row.source} | {row.what} | {_value(row.published)} | {_value(row.ours)} | "
            f"{'' if off is None else f'{off:+.1%}'} | {'the same' if off is None else f'{row.tolerance:.0%}'} | "
            f"{'holds' if row.holds else 'DOES NOT HOLD'} |"
        )
    yield ""
    yield "What the sources leave open is assumed:"
    yield ""
    for row in rows:
        if row.assumed:
            yield f"- {row.source}, {row.what}: {row.assumed}."
    yield ""
    yield "Left out:"
    yield ""
    for left in LEFT_OUT:
        yield f"- {left.source}: {left.what}: {left.why}."


def _value(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 100 else f"{value:.4g}"
