"""Events to and from JSON lines. Decoding is strict: an unknown kind, field or type is an error that says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, TypeAlias

from chaoskit.journal.events import EVENT_TYPES, Entry, Event, InjectionPlanned, RunStarted

LARGEST = (1 << 63) - 1
"""Whole numbers of a journal are those of 64 bits: nanoseconds until the year 2262, counts, ids."""

_WITH_PLAIN_JSON = (RunStarted, InjectionPlanned)
_SEQ_FIRST = re.compile(rb'\{"seq":([1-9]\d{0,17}),(?="kind":)')

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
    try:
        event: Event = _validator().validate_json(line)
    except ValueError as error:
        from pydantic import ValidationError

        if not isinstance(error, ValidationError):
            raise
        finding = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(str(part) for part in finding["loc"][1:])  # the first part is the kind's tag
        raise ValueError(f"{field}: {finding['msg']}" if field else finding["msg"]) from error
    if type(event) in _WITH_PLAIN_JSON:
        _check_numbers(_as_dict(event))
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
    raw = line.encode(errors="surrogateescape") if isinstance(line, str) else line
    if upgrade is None and (written_by_us := _SEQ_FIRST.match(raw)):
        return Entry(int(written_by_us[1]), decode(b"{" + raw[written_by_us.end() :]))
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


def _check_numbers(value: object) -> None:
    """Raise ``ValueError`` for a whole number that does not fit in 64 bits, at whatever depth."""
    if isinstance(value, int) and abs(value) > LARGEST:
        raise ValueError(f"a whole number is beyond {LARGEST}, the largest that a journal holds")
    if isinstance(value, dict):
        for part in value.values():
            _check_numbers(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _check_numbers(part)


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
def _validator() -> Any:
    """The union's validator, in which every whole number is bounded. (Asked directly: ``TypeAdapter`` adds half a microsecond an event.)"""
    from copy import deepcopy
    from functools import reduce
    from operator import or_

    from pydantic import ConfigDict, Field, TypeAdapter, with_config
    from pydantic_core import SchemaValidator

    strict = with_config(ConfigDict(extra="forbid", strict=True, allow_inf_nan=False))
    union: Any = reduce(or_, (strict(cls) for cls in EVENT_TYPES))
    tagged: Any = Annotated[union, Field(discriminator="kind")]
    schema = deepcopy(TypeAdapter(tagged).core_schema)
    _bound(schema)
    return SchemaValidator(schema)


def _bound(schema: Any) -> None:
    """Give every whole number in a schema of pydantic-core its bounds."""
    if isinstance(schema, dict):
        if schema.get("type") == "int":
            schema.update(ge=-LARGEST, le=LARGEST)
        for part in schema.values():
            _bound(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            _bound(part)
