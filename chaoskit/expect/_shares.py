"""Bounds on a share of calls, as several expectations have them."""

from __future__ import annotations

from chaoskit.expect._bounds import check_bounds


def check_shares(at_least: float | None, at_most: float | None) -> None:
    """Raise ``ValueError`` unless at least one bound is there, each is a share from 0 to 1, and some share is within both."""
    for bound in (at_least, at_most):
        if bound is not None and not 0 <= bound <= 1:
            raise ValueError(f"{bound} is not a share; write a number from 0 to 1, for example 0.95 for 95%")
    check_bounds(at_least, at_most)
