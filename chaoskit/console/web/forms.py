"""A form for each DNS fault, made from the fault's own file: its fields, their types and defaults, and what its docstring says."""

from __future__ import annotations

import inspect
import sys
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from chaoskit.dns.faults import FAULTS
from chaoskit.units import PATTERN, format_duration

NUMBERS = {"integer": "integer", "number": "number", "boolean": "flag", "array": "list", "string": "text"}


@cache
def fault_forms() -> list[dict[str, Any]]:
    """``kind``, ``summary`` (the first paragraph of its file) and ``fields`` of every fault, in the order of their names.

    A field has ``name``, ``required``, ``default`` (as a person would write it) and ``type``: duration, text, integer, number, flag, list,
    json, or choice with its ``choices``.
    """
    return [_form(kind) for kind in FAULTS.kinds]


def _form(kind: str) -> dict[str, Any]:
    fault = FAULTS.get(kind)
    schema = TypeAdapter(fault).json_schema()
    required = schema.get("required", [])
    module = inspect.getdoc(sys.modules[fault.__module__]) or ""
    return {
        "kind": kind,
        "summary": " ".join(module.split("\n\n")[0].split()).replace("``", ""),
        "fields": [_field(name, field, name in required) for name, field in schema.get("properties", {}).items()],
    }


def _field(name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    field = {"name": name, "required": required, "default": schema.get("default"), "type": "json"}
    choices = [value for option in options for value in option.get("enum", ())]
    if choices and len(options) == 1:
        return {**field, "type": "choice", "choices": choices}
    if any(option.get("pattern") == PATTERN for option in options):
        default = field["default"]
        written = format_duration(default).replace(" ", "") if isinstance(default, int) else default
        return {**field, "type": "duration", "default": written}
    types = {option.get("type", "") for option in options}
    if types == {"string", "array"}:
        types = {"array"}
    if len(types) == 1:
        field["type"] = NUMBERS.get(types.pop(), "json")
    return field
