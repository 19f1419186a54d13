"""Delta debugging: the smallest part of a failing input that still fails (Zeller and Hildebrandt, TSE 28(2), 2002, §3.2, ``ddmin``)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def ddmin(items: Sequence[T], fails: Callable[[tuple[T, ...]], Awaitable[bool]]) -> tuple[T, ...]:
    """A part of ``items``, in their order, that still ``fails`` and of which no single item can be left out (1-minimal).

    ``items`` as a whole must fail. The empty part is tried too, and no part is tried twice.
    """
    known: dict[tuple[int, ...], bool] = {tuple(range(len(items))): True}

    async def still_fails(places: Sequence[int]) -> bool:
        key = tuple(places)
        if key not in known:
            known[key] = await fails(tuple(items[place] for place in key))
        return known[key]

    left = list(range(len(items)))
    if not left or await still_fails([]):
        return ()
    parts = 2
    while len(left) >= 2:
        size = -(-len(left) // parts)
        chunks = [left[start : start + size] for start in range(0, len(left), size)]
        rests = [[place for place in left if place not in chunk] for chunk in chunks]
        for smaller, parts_then in [*((chunk, 2) for chunk in chunks), *((rest, max(parts - 1, 2)) for rest in rests)]:
            if await still_fails(smaller):
                left, parts = smaller, parts_then
                break
        else:
            if parts >= len(left):
                break
            parts = min(len(left), parts * 2)
    return tuple(items[place] for place in left)
