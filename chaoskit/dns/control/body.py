"""JSON as RFC 8259 has it. Python's reader takes more, and what it takes could not be written into an answer again."""

from __future__ import annotations

import json
import math
from typing import Any


def read_json(body: bytes) -> Any:
    """The value in a request's body. Raises ``ValueError`` or ``RecursionError`` for what is none.

    NaN, infinities and numbers beyond the largest are none, and neither is half of a character (a lone surrogate, RFC 8259 §8.2).
    """
    value = json.loads(body, parse_constant=_refuse, parse_float=_finite)
    json.dumps(value, ensure_ascii=False).encode()
    return value


def _refuse(written: str) -> float:
    raise ValueError(f"{written} is no number of JSON")


def _finite(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(f"{written} is larger than any number that can be held")
    return number
