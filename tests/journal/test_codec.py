from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.journal.codec import LARGEST, decode, decode_entry, encode, encode_entry
from chaoskit.journal.events import EVENT_TYPES, CallFinished, CallStarted, Entry, ErrorLink, Event, InjectionLifted

st.register_type_strategy(int, st.integers(-LARGEST, LARGEST))
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.from_type(int) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
json_objects = st.dictionaries(st.text(max_size=5), json_values, max_size=3)


def values_of(name: str, type_: Any) -> st.SearchStrategy[Any]:
    if type_ == dict[str, Any]:
        return json_objects
    return st.floats(0, 1) if name == "chance" else st.from_type(type_)


def anything_of(cls: Any) -> st.SearchStrategy[Any]:
    """Any event of a class; ``builds`` alone would leave fields with a default at it."""
    types = get_type_hints(cls)
    return st.builds(cls, **{field.name: values_of(field.name, types[field.name]) for field in fields(cls)})


any_event = st.one_of(*map(anything_of, EVENT_TYPES))


@pytest.mark.parametrize("cls", EVENT_TYPES, ids=lambda cls: cls.__name__)
@settings(max_examples=5)
@given(data=st.data())
def test_every_event_survives_the_way_out_and_back(cls: type, data: st.DataObject) -> None:
    event: Event = data.draw(anything_of(cls))
    line = encode(event)
    assert "\n" not in line
    assert decode(line) == event
    assert decode(line.encode()) == event


@given(any_event, st.integers(1, 10**9))
def test_every_entry_survives_the_way_out_and_back(event: Event, seq: int) -> None:
    line = encode_entry(Entry(seq, event))
    assert line.startswith('{"seq":')
    assert decode_entry(line) == Entry(seq, event)


def test_every_kind_is_a_name_of_its_own() -> None:
    kinds = [get_args(get_type_hints(cls)["kind"])[0] for cls in EVENT_TYPES]
    assert len(set(kinds)) == len(kinds) == len(EVENT_TYPES)


CALL = CallFinished(at=1, client="c", call=1, result="failed", errors=(ErrorLink(type="E", message="m", errno=-5),))
"""What the damaged lines below are made of."""


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ({"at": "1"}, "at: Input should be a valid integer"),
        ({"at": 1.5}, "at: Input should be a valid integer"),
        ({"at": True}, "at: Input should be a valid integer"),
        ({"client": None}, "client: Input should be a valid string"),
        ({"result": "perhaps"}, "result: Input should be 'ok', 'failed' or 'unknown'"),
        ({"more": 1}, "more: Unexpected keyword argument"),
        ({"errors": [{"type": "E", "message": "m", "errno": "x"}]}, "errors.0.errno: Input should be a valid integer"),
        ({"kind": "no_such"}, "Input tag 'no_such'"),
    ],
)
def test_a_wrong_field_is_named(damage: dict[str, Any], says: str) -> None:
    plain = json.loads(encode(CALL)) | damage
    with pytest.raises(ValueError, match=says.replace("(", "\\(")) as caught:
        decode(json.dumps(plain))
    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)


def test_a_missing_field_is_named() -> None:
    plain = json.loads(encode(CALL))
    del plain["call"]
    with pytest.raises(ValueError, match=r"^call: Field required"):
        decode(json.dumps(plain))


@pytest.mark.parametrize("line", ["", "[1]", "{", "null", '"x"', "{}", '{"seq":true}', '{"seq":"1"}', "[" * 100_000])
def test_what_is_no_journal_line_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is the reader's; see test_store
        decode_entry(line)


def test_text_that_is_no_utf8_is_written_all_the_same() -> None:
    event = CallStarted(at=1, client="a", call=1, operation="caf\u00e9 \udc80", due=1)
    assert decode(encode(event).encode()) == replace(event, operation="caf\u00e9 ?")


def test_the_tag_decides_the_class_where_fields_are_alike() -> None:
    line = '{"kind":"injection_lifted","at":1,"injection":"i","due":1}'
    assert decode(line) == InjectionLifted(at=1, injection="i", due=1)


@pytest.mark.parametrize("number", [str(LARGEST + 1), str(-LARGEST - 1), "9" * 400, "9" * 5000])
@pytest.mark.parametrize(
    "line", ['{{"kind":"run_ended","at":{},"reason":"r"}}', '{{ "reason": "r", "kind": "run_ended", "at": {} }}']
)
def test_a_number_beyond_64_bits_is_refused(line: str, number: str) -> None:
    with pytest.raises(ValueError, match=r"-?9223372036854775807|digits|out of range"):
        decode(line.format(number))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_finite_number_is_refused(number: str) -> None:
    planned = '{"kind":"injection_planned","at":1,"injection":"i","plane":"dns","fault":"empty","where":"w","spans":[],"chance":%s}'
    with pytest.raises(ValueError, match=r"chance: Input should be a finite number"):
        decode(planned % number)
