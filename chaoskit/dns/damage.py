"""Spoiling a written message: pure, and different from what it was given, always."""

from __future__ import annotations

import random

from chaoskit.dns.message import Damage

HEADER = 12
AFTER_ID = 2


def spoil(data: bytes, damage: Damage) -> bytes:
    """``data``, a whole response, spoilt as ``damage`` says. Where the place is empty (no records), the header is spoilt instead."""
    rng = random.Random(damage.seed)
    if damage.place == "length":
        return data[: rng.randrange(AFTER_ID, len(data))]
    question_end = _question_end(data)
    start, end = {
        "header": (AFTER_ID, HEADER),
        "question": (HEADER, question_end),
        "answer": (question_end, len(data)),
        "anywhere": (AFTER_ID, len(data)),
    }[damage.place]
    if start >= end:
        start, end = AFTER_ID, HEADER
    spoilt = bytearray(data)
    for place in rng.sample(range(start, end), min(damage.count, end - start)):
        spoilt[place] ^= rng.randrange(1, 256)
    return bytes(spoilt)


def _question_end(data: bytes) -> int:
    at = HEADER
    while length := data[at]:
        at += 1 + length
    return at + 5
