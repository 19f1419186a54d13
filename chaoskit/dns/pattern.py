"""Regular expressions for names, by RE2: an engine that takes time in proportion to the name, whatever the pattern.

Python's own engine backtracks, and some patterns take it longer than the age of the universe; one such query would silence the server, and
the silence would look like an injected fault. RE2 has no back-references and no look-around. Its time grows with the size of the compiled
pattern, which is bounded: one of ``MAX_SIZE`` takes some 10 ms for a name of ``MAX_NAME`` characters at the very worst, an ordinary one a
few microseconds. A server that takes patterns from anybody bounds the sum of their sizes too (``control.controller``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

MAX_PATTERN = 200
MAX_SIZE = 1_500
"""Instructions of a compiled pattern: ``.*\\.example\\.com`` has some 20, ``[a-z0-9-]{1,63}`` 570, nested repeats have millions."""

MAX_MEMORY = 1 << 20
MAX_NAME = 255
"""Longer names (they are made of escapes) match no pattern."""


@lru_cache(maxsize=512)
def read_pattern(pattern: str) -> Any:
    """The compiled pattern; names are lower-case, so case does not matter. Raises ``ValueError`` saying what is wrong."""
    import re2

    if not 0 < len(pattern) <= MAX_PATTERN:
        raise ValueError(f"a regex has 1 to {MAX_PATTERN} characters, not {len(pattern)}")
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        why = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else error.args[0]
        raise ValueError(
            f"{pattern!r} is no regular expression as RE2 reads them (no look-around, no \\1): {why}"
        ) from error
    except UnicodeEncodeError as error:
        raise ValueError(f"{pattern!r} holds half of a character") from error
    if compiled.programsize > MAX_SIZE:
        raise ValueError(f"{pattern!r} repeats too much within repeats; write several injections, or 'under' or 'glob'")
    return compiled


@lru_cache(maxsize=8192)
def matches_pattern(pattern: str, name: str) -> bool:
    """Whether the whole ``name`` matches."""
    return len(name) <= MAX_NAME and read_pattern(pattern).fullmatch(name) is not None


def pattern_size(pattern: str) -> int:
    """The instructions of the compiled pattern, with which the time that it takes grows."""
    return int(read_pattern(pattern).programsize)
