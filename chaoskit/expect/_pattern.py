"""Regular expressions of expectations, by RE2: an engine that takes time in proportion to the text, whatever the pattern.

An experiment, and the one that a journal carries, may come from somebody else. Python's own engine backtracks, and a pattern such as
``(a+)+$`` takes it longer than the age of the universe. RE2 has no back-references and no look-around
(https://github.com/google/re2/wiki/Syntax).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

LONGEST_PATTERN = 1_000
LONGEST_TEXT = 100_000
"""Of an error's text so much is looked at."""

MEMORY = 1 << 20
"""Bytes of a compiled pattern, which bounds repeats of repeats."""


@lru_cache(maxsize=64)
def read_pattern(pattern: str) -> Any:
    """The compiled pattern. Raises ``ValueError`` saying what is wrong with it."""
    import re2

    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"a regular expression has at most {LONGEST_PATTERN} characters, not {len(pattern)}")
    options = re2.Options()
    options.never_capture = True
    options.log_errors = False
    options.max_mem = MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else error.args[0]
        raise ValueError(f"it is no regular expression as RE2 reads them (no look-around, no \\1): {reason}") from error
    except UnicodeEncodeError as error:
        raise ValueError("it holds half of a character") from error


def is_in(pattern: str, text: str) -> bool:
    """Whether ``pattern`` matches anywhere in ``text``."""
    return read_pattern(pattern).search(text[:LONGEST_TEXT].encode(errors="replace").decode()) is not None
