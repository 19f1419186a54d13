"""Events to and from JSON lines. Decoding is strict: an unknown kind, field or type is an error that says so."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from typing import Annotated, Any

from chaoskit.journal.events import EVENT_TYPES, Entry, Event


def encode(event: Event) -> str:
    """One line of JSON, without its newline."""
    return json.dumps(_as_dict(event), separators=(",", ":"), ensure_ascii=False, default=_nested)


def encode_entry(entry: Entry) -> str:
    """The line as it stands in a journal: ``seq`` first."""
    return json.dumps(
        {"seq": entry.seq, **_as_dict(entry.event)}, separators=(",", ":"), ensure_ascii=False, default=_nested
    )


def decode(line: str | bytes) -> Event:
    """The event of a line that a process of the run wrote. Raises ``ValueError``."""
    event: Event = _adapter().validate_json(line)
    return event


def decode_entry(line: str | bytes) -> Entry:
    """The entry of a stored journal's line. Raises ``ValueError`` saying what is wrong."""
    value = json.loads(line)
    if not isinstance(value, dict) or not isinstance(value.get("seq"), int):
        raise ValueError("not a journal line: it has no whole number 'seq'")
    seq = value.pop("seq")
    return Entry(seq, _adapter().validate_python(value))


def _as_dict(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in _names(type(event))}


@cache
def _names(cls: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(cls))


def _nested(value: object) -> dict[str, Any]:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


@cache
def _adapter() -> Any:
    from functools import reduce
    from operator import or_

    from pydantic import ConfigDict, Field, TypeAdapter, with_config

    strict = with_config(ConfigDict(extra="forbid"))
    union: Any = reduce(or_, (strict(cls) for cls in EVENT_TYPES))
    tagged: Any = Annotated[union, Field(discriminator="kind")]
    return TypeAdapter(tagged)
