"""Text that is shown steers no terminal."""

from __future__ import annotations

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.console.safe import SafeConsole
from chaoskit.printable import printable

STEERING = "".join(map(chr, [*range(32), 127, *range(0x80, 0xA0), 0x200E, 0x202E, 0x2066, 0x2028]))
texts = st.text(st.characters() | st.sampled_from(STEERING))


@given(texts)
def test_no_control_character_is_left_but_tab_and_line_feed(text: str) -> None:
    shown = printable(text)
    assert {char for char in shown if unicodedata.category(char) == "Cc"} <= set("\t\n")
    assert printable(shown) == shown


@given(st.text(st.characters(blacklist_categories=["Cc", "Cf", "Zl", "Zp"])))
def test_other_text_is_as_it_was(text: str) -> None:
    assert printable(text) == text


def test_it_stays_json() -> None:
    assert json.loads(printable(json.dumps("a\x9bb\x7f", ensure_ascii=False))) == "a\x9bb\x7f"


@pytest.mark.parametrize("terminal", [True, False])
@given(text=texts)
def test_a_console_s_only_codes_are_its_own(terminal: bool, text: str) -> None:
    def shown(words: str) -> str:
        file = io.StringIO()
        console = SafeConsole(file=file, force_terminal=terminal, width=10_000)
        console.print(words, style="bold red", markup=False, highlight=False)
        return file.getvalue()

    codes = {char for char in shown(text) if unicodedata.category(char) == "Cc"} - set("\t\n")
    assert codes <= ({"\x1b"} if terminal else set())
    assert shown(text).count("\x1b") <= shown("x\n" * (text.count("\n") + 1)).count("\x1b") + 2
