"""``first`` and ``every``: which of the events that a fault could meet it is meant for, by their number from 1."""

from __future__ import annotations


def check_counts(first: int | None, every: int | None) -> None:
    """Raises ``ValueError`` for what no count can be."""
    for field, count in (("first", first), ("every", every)):
        if count is not None and count < 1:
            raise ValueError(f"{field!r} counts from 1, so it cannot be {count}")


def is_due(nth: int, first: int | None, every: int | None) -> bool:
    """``first: 3`` means numbers 1 to 3, ``every: 3`` means 3, 6, 9 …; if both are given, both must hold."""
    return (first is None or nth <= first) and (every is None or nth % every == 0)


def told(first: int | None, every: int | None) -> list[str]:
    """For people: ``first 3``, ``one in 3``."""
    return [f"first {first}"] * (first is not None) + [f"one in {every}"] * (every is not None)
