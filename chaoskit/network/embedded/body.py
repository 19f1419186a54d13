"""A request's JSON as Toxiproxy reads it (Go's ``encoding/json`` into a struct).

A field that is null counts as left out; names of fields are of any case; a value of another type than the field's is refused, with the
field's name. Fields that nobody knows are passed over, and so is what follows the first JSON value of a body.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

LARGEST = (1 << 63) - 1
"""Toxiproxy's attributes are 64-bit integers."""

Fields: TypeAlias = Mapping[str, type[str] | type[bool] | type[float] | type[dict[str, Any]]]
PROXY: Fields = {"name": str, "listen": str, "upstream": str, "enabled": bool}
TOXIC: Fields = {"name": str, "type": str, "stream": str, "toxicity": float, "attributes": dict}
_WORDS = {str: "a text", bool: "true or false", float: "a number", dict: "an object"}


class BadBody(ValueError):
    """What a client sent is no such JSON; the text goes after ``bad request body:``."""


def read_json(body: bytes) -> Any:
    """The first JSON value of ``body``. Raises ``BadBody``."""
    try:
        text = body.decode("utf-8", "replace").lstrip(" \t\r\n")
        return _DECODER.raw_decode(text)[0]
    except RecursionError:
        raise BadBody("it is nested too deeply") from None
    except ValueError as error:
        raise BadBody(str(error)) from None


def read_object(body: bytes, fields: Fields) -> dict[str, Any]:
    """The ``fields`` that an object gives, null ones left out. A body of ``null`` gives none. Raises ``BadBody``."""
    return typed(read_json(body), fields)


def typed(value: Any, fields: Fields) -> dict[str, Any]:
    """As ``read_object``, of a value that was read."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadBody("an object is wanted")
    given: dict[str, Any] = {}
    for name, content in value.items():
        kind = fields.get(name.lower())
        if kind is None or content is None:
            continue
        if not _is(content, kind):
            raise BadBody(f"{name.lower()} must be {_WORDS[kind]}, not {_shown(content)}")
        given[name.lower()] = _clean(content) if isinstance(content, str) else content
    return given


def whole_numbers(attributes: Mapping[str, Any]) -> dict[str, int]:
    """A toxic's attributes, null ones left out. Raises ``BadBody`` for one that is not a 64-bit integer, 0 or more."""
    given = {name.lower(): value for name, value in attributes.items() if value is not None}
    for name, value in given.items():
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST:
            raise BadBody(f"{_clean(name)[:80]} must be a whole number from 0 to {LARGEST}, not {_shown(value)}")
    return given


def _is(content: Any, kind: type) -> bool:
    if kind is float:
        return isinstance(content, int | float) and not isinstance(content, bool)
    return isinstance(content, kind)


def _clean(text: str) -> str:
    """Without lone surrogates, which are no Unicode and cannot be written out: U+FFFD in their place, as Go does."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _shown(content: Any) -> str:
    if isinstance(content, dict | list):
        return "an object" if isinstance(content, dict) else "a list"
    if isinstance(content, int) and not isinstance(content, bool) and content.bit_length() > 128:
        return "a larger one"  # Python refuses to print the largest
    return _clean(json.dumps(content))[:80]


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
