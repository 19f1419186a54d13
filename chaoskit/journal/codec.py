"""Events to and from JSON lines. Decoding is strict: an unknown kind, field or type is an error that says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, TypeAlias

from chaoskit.journal.events import EVENT_TYPES, Entry, Event

Upgrade: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""From the JSON of an event of an older version to that of the next."""


def encode(event: Event) -> str:
    """One line of JSON, without its newline."""
    return _line(_as_dict(event))


def encode_entry(entry: Entry) -> str:
    """The line as it stands in a journal: ``seq`` first."""
    return _line({"seq": entry.seq, **_as_dict(entry.event)})


def decode(line: str | bytes) -> Event:
    """The event of a line that a process of the run wrote. Raises ``ValueError`` saying what is wrong."""
    from pydantic import ValidationError

    try:
        event: Event = _adapter().validate_json(line)
    except ValidationError as error:
        finding = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in finding["loc"][1:])  # the first part is the kind's tag
        raise ValueError(f"{field}: {finding['msg']}" if field else finding["msg"]) from error
    return event


def version_of(line: str | bytes) -> int | None:
    """The schema version that the first line of a journal names; None where it names none."""
    try:
        head = json.loads(line)
    except (ValueError, RecursionError):
        return None
    version = head.get("schema_version") if isinstance(head, dict) else None
    return version if type(version) is int else None


def decode_entry(line: str | bytes, upgrade: Upgrade | None = None) -> Entry:
    """The entry of a stored journal's line; ``upgrade`` makes today's form of an older one. Raises ``ValueError`` saying what is wrong."""
    try:
        value = json.loads(line)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict) or type(value.get("seq")) is not int:
        raise ValueError("it has no whole number 'seq'")
    seq = value.pop("seq")
    try:
        value = upgrade(value) if upgrade else value
    except (KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"it is no event of its version: {error!r}") from error
    return Entry(seq, decode(json.dumps(value)))


def as_text(text: str) -> str:
    """``text`` as a journal and a page can hold it: bytes that are no UTF-8, as an argument may have (PEP 383), are written as escapes."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def _line(plain: dict[str, Any]) -> str:
    text = json.dumps(plain, separators=(",", ":"), ensure_ascii=False, default=_nested)
    # An exception's text may hold bytes that are no UTF-8 (PEP 383 surrogates); a journal cannot.
    return text if text.isascii() else text.encode(errors="replace").decode()


def _as_dict(event: Event) -> dict[str, Any]:
    event_type: Any = type(event)
    return {name: getattr(event, name) for name in _names(event_type)}


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

    strict = with_config(ConfigDict(extra="forbid", strict=True))
    union: Any = reduce(or_, (strict(cls) for cls in EVENT_TYPES))
    tagged: Any = Annotated[union, Field(discriminator="kind")]
    return TypeAdapter(tagged)
