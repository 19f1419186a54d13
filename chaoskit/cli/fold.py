"""Long lines for people: folded at words to the width of their terminal."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TextIO


def folded(text: str, stream: TextIO | None = None) -> str:
    """``text`` with each line folded to the terminal's width and continued at its own indent; unchanged where output is no terminal.

    ``stream`` is where it goes to: standard output unless another is given.
    """
    stream = stream or sys.stdout
    if stream is None or not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(fold(line, width) for line in text.split("\n"))


def fold(line: str, width: int) -> str:
    """``line`` in lines of at most ``width`` columns, if its words allow; what follows is indented as it is."""
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(
        line.strip(),
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
