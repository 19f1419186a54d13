"""Regular expressions for names, of a kind that cannot run away.

Python's engine backtracks, and some patterns take it longer than the age of the universe; one such query would silence the
server, and the silence would look like an injected fault. So a pattern may hold characters, classes, dots, groups and
alternatives; ``*``, ``+`` and ``{…}`` only after a single character or class; and so few of these, of ``?`` and of ``|``, that
the ways to try for a name of ``MAX_NAME`` characters are at most ``MAX_WAYS``: some tenths of a second at the very worst.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import comb

MAX_PATTERN = 200
MAX_WAYS = 5_000_000
MAX_NAME = 255
"""Longer names (they are made of escapes) match no pattern."""

_TOKEN = re.compile(
    r"(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<escape>\\.)"
    r"|(?P<special>\(\?(?!:))"
    r"|(?P<group>\(\?:)"
    r"|(?P<repeat>(?:[*+]|\{[0-9,]*\})[?+]?)"
    r"|(?P<choice>\?[?+]?|\|)"
    r"|(?P<other>.)",
    re.DOTALL,
)


@lru_cache(maxsize=256)
def read_pattern(pattern: str) -> re.Pattern[str]:
    """The compiled pattern; names are lower-case, so case does not matter. Raises ``ValueError`` saying what is wrong."""
    if not 0 < len(pattern) <= MAX_PATTERN:
        raise ValueError(f"a regex has 1 to {MAX_PATTERN} characters, not {len(pattern)}")
    try:
        compiled = re.compile(pattern, re.IGNORECASE | re.ASCII)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    repeats = choices = 0
    before = ""
    for token in _TOKEN.finditer(pattern):
        text, kind = token.group(), token.lastgroup
        if kind == "special" or (kind == "escape" and text[1].isdigit()):
            raise ValueError(f"{pattern!r} holds {text!r}; look-around, flags and back-references are not allowed")
        if kind == "repeat" and before == ")":
            raise ValueError(f"{pattern!r} repeats a group, which can take for ever; repeat a character or class")
        repeats += kind == "repeat"
        choices += kind == "choice"
        before = text
    if comb(MAX_NAME, repeats) << choices > MAX_WAYS:
        said = f"{pattern!r} has {repeats} repeats (*, +, {{…}}) and {choices} choices (?, |), which can take too long"
        raise ValueError(f"{said}; write several injections, or 'under' or 'glob'")
    return compiled


def matches_pattern(pattern: str, name: str) -> bool:
    """Whether the whole ``name`` matches."""
    return len(name) <= MAX_NAME and read_pattern(pattern).fullmatch(name) is not None
