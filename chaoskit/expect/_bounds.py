"""Bounds from below and above, as several expectations have them."""

from __future__ import annotations


def check_bounds(at_least: float | None, at_most: float | None) -> None:
    """Raise ``ValueError`` where neither bound is there, or no figure is within both."""
    if at_least is None and at_most is None:
        raise ValueError("nothing is asked; write at_least or at_most")
    if at_least is not None and at_most is not None and at_least > at_most:
        raise ValueError("at_least is above at_most, so this can never hold; swap them")
