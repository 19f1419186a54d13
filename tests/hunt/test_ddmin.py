"""Delta debugging of anything."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.hunt.ddmin import ddmin


@given(st.integers(0, 20), st.data())
def test_exactly_the_items_that_matter_are_left(size: int, data: st.DataObject) -> None:
    needed = data.draw(st.sets(st.sampled_from(range(size)))) if size else set()
    tried: list[tuple[int, ...]] = []

    async def fails(items: tuple[int, ...]) -> bool:
        tried.append(items)
        return needed <= set(items)

    left = asyncio.run(ddmin(range(size), fails))
    assert set(left) == needed
    assert list(left) == sorted(left)
    assert len(tried) == len(set(tried))


@given(st.sets(st.frozensets(st.integers(0, 9), max_size=4), min_size=1, max_size=4))
def test_nothing_can_be_left_out_where_several_parts_fail(failing: set[frozenset[int]]) -> None:
    async def fails(items: tuple[int, ...]) -> bool:
        return any(part <= set(items) for part in failing)

    left = asyncio.run(ddmin(range(10), fails))
    assert asyncio.run(fails(left))
    assert not any(asyncio.run(fails(tuple(x for x in left if x != gone))) for gone in left)
