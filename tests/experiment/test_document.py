from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.errors import ExperimentError, InputError, dotted
from chaoskit.experiment.document import MAX_BYTES, read_document, read_text


def problem(text: str) -> str:
    with pytest.raises(ExperimentError) as caught:
        read_document("x.yaml", text)
    return str(caught.value)


def test_every_field_knows_its_line() -> None:
    document = read_document("x.yaml", "title: a\ntimeline:\n  - dns: empty\n    when:\n      from: 5s\n")
    assert document.data == {"title": "a", "timeline": [{"dns": "empty", "when": {"from": "5s"}}]}
    assert document.line(("timeline", 0, "when", "from")) == 5
    assert document.line(("timeline", 0, "where")) == 3, "an absent field stands where its parent stands"
    assert document.line(()) == 1


def test_yaml_one_point_one_surprises_are_left_out() -> None:
    document = read_document(
        "x.yaml", "a: on\nb: no\nc: 2025-10-20\nd: 010\ne: 1:30\nf: true\ng: ~\nh: 0.5\ni: '5'\nj: ::1\n"
    )
    assert document.data == {
        "a": "on", "b": "no", "c": "2025-10-20", "d": 10, "e": "1:30", "f": True, "g": None, "h": 0.5, "i": "5", "j": "::1",
    }  # fmt: skip
    assert json.dumps(document.data), "plain data is always JSON"


def test_a_key_written_twice_is_named_with_its_line() -> None:
    assert problem("title: a\nseed: 1\ntitle: b\n") == "x.yaml:3: title: written twice. Keep one of the two."


def test_broken_yaml_names_the_line() -> None:
    assert problem("title: [a\nseed: 1\n").startswith("x.yaml:2: not valid YAML")


def test_an_empty_file_says_how_to_start() -> None:
    assert "chaoskit init" in problem("")
    assert "chaoskit init" in problem("# only a comment\n")


def test_a_huge_file_is_refused_before_it_is_parsed() -> None:
    assert "larger than" in problem("a" * (MAX_BYTES + 1))
    with pytest.raises(InputError, match="/dev/zero: larger than 1,000,000 bytes; is it an experiment"):
        read_text(Path("/dev/zero"), "an experiment")


def test_a_file_that_holds_no_fields_is_told_as_such() -> None:
    for text, content in (("- a", "a list"), ("hello", "plain text"), ("null", "plain text")):
        assert f"holds {content}, where fields" in problem(text)


def test_an_alias_bomb_is_refused() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert "too many fields" in problem(bomb)


def test_deep_nesting_is_refused() -> None:
    assert problem("[" * 5000 + "]" * 5000).startswith("x.yaml")


def test_control_characters_are_an_error_not_a_crash() -> None:
    assert "not valid YAML" in problem("title: \x00\n")


def test_dotted() -> None:
    assert dotted(("timeline", 0, "when", "from")) == "timeline[0].when.from"


@given(st.text(max_size=200))
def test_any_text_is_data_or_a_clear_error(text: str) -> None:
    try:
        document = read_document("x.yaml", text)
    except ExperimentError as error:
        assert str(error).startswith("x.yaml")
    else:
        json.dumps(document.data)
