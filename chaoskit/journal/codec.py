"""Events to and from JSON lines. Decoding is strict: an unknown kind, field or type is an error that says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import msgspec

from chaoskit.journal.events import LARGEST, DrillBegan, Entry, Event, InjectionPlanned, RunStarted

_WITH_PLAIN_JSON = (RunStarted, InjectionPlanned, DrillBegan)
_SEQ_FIRST = re.compile(rb'\{"seq":([1-9]\d{0,17}),(?="kind":)')
_ENCODER = msgspec.json.Encoder()

Upgrade: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""From the JSON of an event of an older version to that of the next."""


def encode(event: Event) -> str:
    """One line of JSON, without its newline."""
    try:
        return _ENCODER.encode(event).decode()
    except UnicodeEncodeError:
        # An exception's text may hold bytes that are no UTF-8 (PEP 383 surrogates); a journal cannot.
        text = json.dumps(event.plain(), separators=(",", ":"), ensure_ascii=False)
        return text.encode(errors="replace").decode()


def encode_entry(entry: Entry) -> str:
    """The line as it stands in a journal: ``seq`` first."""
    return f'{{"seq":{entry.seq},{encode(entry.event)[1:]}'


def decode(line: str | bytes) -> Event:
    """The event of a line that a process of the run wrote. Raises ``ValueError`` saying what is wrong."""
    try:
        event = _decoder().decode(line)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        field = path.rstrip("`").lstrip(".")
        raise ValueError(f"{field}: {message}" if field else message) from error
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if type(event) in _WITH_PLAIN_JSON:
        _check_numbers(event.plain())
    return event


@cache
def _decoder() -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(Event)


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
