"""Patterns of expectations: linear in the text, and bad ones are bad input."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.expect._pattern import LONGEST_TEXT, is_in, read_pattern

CATASTROPHIC = ["(a+)+$", "(a|aa)+$", "(a|a?)+$", "(.*)*x", "(.*a){20}$"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("pattern", CATASTROPHIC)
def test_no_pattern_takes_for_ever(pattern: str) -> None:
    """Python's own engine takes longer than this machine will exist for most of these."""
    assert is_in(pattern, "a" * (LONGEST_TEXT - 1) + "!") == (pattern == "(a|a?)+$")


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"(a)\1", "a" * 1001, "((a{1000}){1000}){1000}", "\ud800"])
def test_what_is_no_pattern_is_said(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"regular expression|half of a character"):
        read_pattern(pattern)


@given(st.text("ab.|*", max_size=6), st.text("abc", max_size=10))
def test_it_finds_what_python_finds(pattern: str, text: str) -> None:
    try:
        expected = re.compile(pattern)
        read_pattern(pattern)
    except (re.error, ValueError):
        return
    assert is_in(pattern, text) == (expected.search(text) is not None)


@given(st.text(max_size=20))
def test_any_text_can_be_looked_at(text: str) -> None:
    assert is_in("", text)
