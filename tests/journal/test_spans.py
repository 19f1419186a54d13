from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.journal.spans import Spans

instants = st.integers(0, 30)
some_spans = st.lists(st.tuples(instants, instants), max_size=6)


@given(some_spans, instants)
def test_an_instant_is_inside_if_any_span_holds_it(spans: list[tuple[int, int]], at: int) -> None:
    assert (at in Spans(spans)) == any(start <= at < end for start, end in spans)


@given(some_spans, instants, st.none() | st.integers(1, 30))
def test_what_lasted_meets_a_span_if_they_share_time(
    spans: list[tuple[int, int]], start: int, length: int | None
) -> None:
    end = None if length is None else start + length
    shares = any(begin < until and (end is None or begin < end) and until > start for begin, until in spans)
    assert Spans(spans).meet(start, end) == shares


@given(some_spans)
def test_merged_spans_are_in_order_and_apart(spans: list[tuple[int, int]]) -> None:
    merged = list(Spans(spans))
    edges = [edge for span in merged for edge in span]
    assert edges == sorted(set(edges))
