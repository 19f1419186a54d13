"""Lines folded for a terminal lose no word, keep their indent, and fit where their words do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.fold import fold, folded

WORDS = st.lists(st.text("abc-:", min_size=1, max_size=12), min_size=1, max_size=30)


@given(WORDS, st.integers(0, 8), st.integers(30, 120))
def test_no_word_is_lost_and_every_line_fits(words: list[str], indent: int, width: int) -> None:
    lines = fold(" " * indent + " ".join(words), width).split("\n")
    assert " ".join(line.strip() for line in lines).split() == words
    assert all(len(line) <= width and line.startswith(" " * indent) for line in lines)


def test_a_table_is_continued_below_its_last_column() -> None:
    assert fold("chaoskit:   lookups  one two three four", 40).split("\n")[0].endswith("four")
    assert fold("  1.0 s  ERROR  " + "word " * 9, 40).split("\n")[1] == " " * 16 + "word word word word"


def test_what_goes_to_no_terminal_stays_as_it_is() -> None:
    assert folded("a " * 200) == "a " * 200
