"""Long lines for people: folded at words to the width of their terminal, and continued below the column in which they were broken."""

from __future__ import annotations

import re
import shutil
import sys
import textwrap
from typing import IO


def folded(text: str, stream: IO[str] | None = None) -> str:
    """``text`` with each line folded to the terminal's width, as by ``fold``; unchanged where output is no terminal.

    ``stream`` is where it goes to: standard output unless another is given.
    """
    stream = stream or sys.stdout
    if stream is None or not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(fold(line, width) for line in text.split("\n"))


def fold(line: str, width: int) -> str:
    """``line`` in lines of at most ``width`` columns, if its words allow.

    A line such as ``  12 s  ERROR  what it was`` is continued below its last column, if that begins in the left half; two spaces
    or more stand before a column. Other lines keep their own indent.
    """
    indent = line[: len(line) - len(line.lstrip())]
    columns = [gap.end() for gap in re.finditer(r"(?<=\S) {2,}(?=\S)", line) if gap.end() <= width // 2]
    return textwrap.fill(
        line.strip(),
        width,
        initial_indent=indent,
        subsequent_indent=" " * columns[-1] if columns else indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
