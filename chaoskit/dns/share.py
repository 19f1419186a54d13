"""A share of the clients: which of them a fault is for. The same ones for as long as it is on, and in a replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chaoskit.dns.target import DnsTarget
from chaoskit.seeds import fraction


def is_meant(share: float, seed: int, injection: str, client: str) -> bool:
    """Whether ``client`` (an address) is one of them. Each is for itself, so of a few clients there may be more or fewer than the share."""
    return fraction(seed, injection, "share", client) < share


def chosen(where: DnsTarget, seed: int, injection: str, askers: Sequence[str]) -> DnsTarget:
    """``where`` for as many of ``askers`` as the share says, rounded, and one at least: where all that may ask are known before.

    Those that ``where`` does not name anyway are not counted.
    """
    if where.share is None:
        return where
    among = [asker for asker in askers if not where.clients or asker in where.clients]
    ordered = sorted(among, key=lambda asker: fraction(seed, injection, "share", asker))
    return replace(where, share=None, clients=tuple(ordered[: max(1, round(where.share * len(among)))]))
