from __future__ import annotations

from dataclasses import dataclass

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from chaoskit.units import (
    HOUR,
    MICROSECOND,
    MILLISECOND,
    PATTERN,
    SECOND,
    Duration,
    format_duration,
    parse_duration,
)


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("250ms", 250 * MILLISECOND),
        ("20s", 20 * SECOND),
        ("1.5s", 1_500 * MILLISECOND),
        ("2m30s", 150 * SECOND),
        ("2 min 30 s", 150 * SECOND),
        ("1h", HOUR),
        ("7us", 7 * MICROSECOND),
        ("3ns", 3),
        (" 5s ", 5 * SECOND),
        ("0", 0),
        (0, 0),
        ("0.1s", 100 * MILLISECOND),
        ("9007199254740993ns", 9007199254740993),
        ("9007199.254740993s", 9007199254740993),
    ],
)
def test_what_people_write(text: object, ns: int) -> None:
    assert parse_duration(text) == ns


@pytest.mark.parametrize(
    "text", [5, 1.5, True, False, None, [], "5", "s", "-5s", "5 parsecs", "5s 3", "", "1e3s", ".5s", "5S"]
)
def test_what_nobody_can_read_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(ValueError, match="write for example 250ms, 20s or 2m30s"):
        parse_duration(text)


@given(st.integers(0, 10**15))
def test_whole_nanoseconds_are_kept_to_the_last_one(ns: int) -> None:
    assert parse_duration(f"{ns}ns") == ns
    seconds, rest = divmod(ns, SECOND)
    assert parse_duration(f"{seconds}.{rest:09d}s") == ns


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 s"),
        (1, "1 ns"),
        (999, "999 ns"),
        (MICROSECOND, "0.001 ms"),
        (800 * MICROSECOND, "0.8 ms"),
        (130 * MILLISECOND, "130 ms"),
        (999_499_999, "999 ms"),
        (999_500_000, "1 s"),
        (SECOND, "1 s"),
        (5_550 * MILLISECOND, "5.55 s"),
        (10 * SECOND, "10 s"),
        (150 * SECOND, "2 min 30 s"),
        (120 * SECOND, "2 min"),
        (-130 * MILLISECOND, "-130 ms"),
    ],
)
def test_what_people_read(ns: int, text: str) -> None:
    assert format_duration(ns) == text


@given(st.integers(0, 100 * HOUR))
def test_what_is_printed_can_be_read_and_is_nearly_right(ns: int) -> None:
    text = format_duration(ns)
    assert "e" not in text, "no powers of ten for people"
    assert abs(parse_duration(text) - ns) <= (0.06 * ns if ns < 100 * SECOND else SECOND / 2)


@given(st.from_regex(PATTERN, fullmatch=True))
def test_the_schemas_pattern_and_the_parser_agree(text: str) -> None:
    assert parse_duration(text) >= 0


def test_a_pydantic_field_takes_the_text() -> None:
    @dataclass
    class Limit:
        within: Duration

    adapter = TypeAdapter(Limit)
    assert adapter.validate_python({"within": "2s"}).within == 2 * SECOND
    with pytest.raises(ValidationError, match="a duration needs a unit, got 2"):
        adapter.validate_python({"within": 2})
    schema = adapter.json_schema()
    for written, valid in (("2m30s", True), (0, True), ("fast", False), (2, False)):
        assert jsonschema.Draft202012Validator(schema).is_valid({"within": written}) is valid, written
