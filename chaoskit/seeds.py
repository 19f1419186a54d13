"""Randomness that can be replayed.

A decision's generator derives from the run's seed and the identity of what is decided (injection, client, ordinal), never
from the order in which things arrive. So the same seed gives the same decisions, however the machine schedules us.
"""

from __future__ import annotations

import hashlib
import random


def generator(seed: int, *identity: object) -> random.Random:
    """A generator for one decision, equal for equal ``(seed, identity)`` on every machine and Python version."""
    text = "\x1f".join([str(seed), *map(str, identity)])
    return random.Random(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big"))
