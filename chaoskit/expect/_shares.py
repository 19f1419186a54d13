"""Bounds on a share of calls, as several expectations have them."""

from __future__ import annotations


def check_shares(at_least: float | None, at_most: float | None) -> None:
    """Raise ``ValueError`` unless at least one bound is there, each is a share from 0 to 1, and some share is within both."""
    for bound in (at_least, at_most):
        if bound is not None and not 0 <= bound <= 1:
            raise ValueError(f"{bound} is not a share; write a number from 0 to 1, for example 0.95 for 95%")
    if at_least is None and at_most is None:
        raise ValueError("nothing is asked; write at_least or at_most")
    if at_least is not None and at_most is not None and at_least > at_most:
        raise ValueError("at_least is above at_most, so this can never hold; swap them")
