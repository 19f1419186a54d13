"""Randomness that can be replayed.

A decision's generator derives from the run's seed and the identity of what is decided. For a DNS question that is the injection, the
asker and the asker's own count, so the same seed gives each client the same decisions however the machine schedules us. A connection
or a request does not say whose it is: it has its place in the order of arrival, so the same places are met, by whichever client comes.
"""

from __future__ import annotations

import hashlib
import random


def generator(seed: int, *identity: object) -> random.Random:
    """A generator for one decision, equal for equal ``(seed, identity)`` on every machine and Python version."""
    return random.Random(int.from_bytes(_digest(seed, identity, 16), "big"))


def fraction(seed: int, *identity: object) -> float:
    """One throw, evenly between 0 and 1 (excluded), equal for equal ``(seed, identity)``: for a decision that needs no more."""
    return (int.from_bytes(_digest(seed, identity, 8), "big") >> 11) / (1 << 53)


def _digest(seed: int, identity: tuple[object, ...], size: int) -> bytes:
    text = "\x1f".join([str(seed), *map(str, identity)])
    return hashlib.blake2b(text.encode(), digest_size=size).digest()
