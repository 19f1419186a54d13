"""Text from elsewhere as it may be shown: nothing in it can steer a terminal, or turn the direction in which it is read.

Titles, names, error messages and what programs wrote to standard error come from files, networks and other people's code. A terminal takes
orders from such text (ECMA-48 control functions, C0 and C1), and the bidirectional controls of Unicode make it read as what it is not
(CVE-2021-42574).
"""

from __future__ import annotations

import re

_STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """``text`` with each character that steers written as JSON has it, such as ``\\u001b``. Tabs and line feeds stay."""
    return _STEERS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
