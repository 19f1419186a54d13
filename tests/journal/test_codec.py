from __future__ import annotations

import json
import re
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.journal.codec import decode, decode_entry, encode, encode_entry
from chaoskit.journal.events import (
    EVENT_TYPES,
    LARGEST,
    CallFinished,
    CallStarted,
    Entry,
    ErrorLink,
    Event,
    InjectionLifted,
)

st.register_type_strategy(int, st.integers(-LARGEST, LARGEST))
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.from_type(int) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
json_objects = st.dictionaries(st.text(max_size=5), json_values, max_size=3)
OWN_STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "experiment": json_objects,
    "parameters": json_objects,
    "target": json_objects,
    "plan": json_objects,
    "chance": st.floats(0, 1),
}


def anything_of(cls: Any) -> st.SearchStrategy[Any]:
    """Any event of a class; ``builds`` alone would leave fields with a default at it."""
    types = get_type_hints(cls)
    names = cls.__struct_fields__
    return st.builds(cls, **{name: OWN_STRATEGIES.get(name, st.from_type(types[name])) for name in names})


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_event_survives_the_way_out_and_back(event_type: type) -> None:
    @settings(max_examples=10)
    @given(anything_of(event_type), st.integers(1, 10**9))
    def survives(event: Event, seq: int) -> None:
        line = encode(event)
        assert "\n" not in line
        assert decode(line) == event
        assert decode(line.encode()) == event
        line = encode_entry(Entry(seq, event))
        assert line.startswith('{"seq":')
        assert decode_entry(line) == Entry(seq, event)

    survives()


def test_every_kind_is_a_name_of_its_own() -> None:
    typed: tuple[Any, ...] = EVENT_TYPES
    kinds = [cls.__struct_config__.tag for cls in typed]
    assert len(set(kinds)) == len(kinds) == len(EVENT_TYPES)


CALL = CallFinished(at=1, client="c", call=1, result="failed", errors=(ErrorLink(type="E", message="m", errno=-5),))
"""What the damaged lines below are made of."""


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ({"at": "1"}, "at: Expected `int`, got `str`"),
        ({"at": 1.5}, "at: Expected `int`, got `float`"),
        ({"at": True}, "at: Expected `int`, got `bool`"),
        ({"client": None}, "client: Expected `str`, got `null`"),
        ({"result": "perhaps"}, "result: Invalid enum value 'perhaps'"),
        ({"more": 1}, "Object contains unknown field `more`"),
        (
            {"errors": [{"type": "E", "message": "m", "errno": "x"}]},
            "errors[0].errno: Expected `int | null`, got `str`",
        ),
        ({"kind": "no_such"}, "kind: Invalid value 'no_such'"),
    ],
)
def test_a_wrong_field_is_named(damage: dict[str, Any], says: str) -> None:
    plain = json.loads(encode(CALL)) | damage
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        decode(json.dumps(plain))
    assert str(caught.value).startswith(says)
    assert "\n" not in str(caught.value)


def test_a_missing_field_is_named() -> None:
    plain = json.loads(encode(CALL))
    del plain["call"]
    with pytest.raises(ValueError, match=r"^Object missing required field `call`"):
        decode(json.dumps(plain))


@pytest.mark.parametrize("line", ["", "[1]", "{", "null", '"x"', "{}", '{"seq":true}', '{"seq":"1"}', "[" * 100_000])
def test_what_is_no_journal_line_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is the reader's; see test_store
        decode_entry(line)


def test_text_that_is_no_utf8_is_written_all_the_same() -> None:
    event = CallStarted(at=1, client="a", call=1, operation="caf\u00e9 \udc80", due=1)
    assert decode(encode(event).encode()) == event.with_fields(operation="caf\u00e9 ?")


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
    with pytest.raises(ValueError, match=r"JSON is malformed|chance: Number out of range"):
        decode(planned % number)
