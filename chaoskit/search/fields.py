"""Fields of an experiment by their path: ``timeline.0.when.for``, ``timeline.blank.when.for``, ``clients.app.every``.

A path is read against the document as it was written, and the changed document goes through the loader, so whatever is wrong with a
value is told with file, line and field, as if it had been written there.
"""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from chaoskit.errors import FieldPath, InputError, dotted
from chaoskit.experiment.document import Document

_LABELLED = ("clients",)
"""Mappings whose keys are names of the file's own: a name that is not there is a mistake, never a new entry."""


def with_values(document: Document, values: Mapping[str, Any]) -> Document:
    """A copy of ``document`` in which each field (by path, see ``find``) has its value; None leaves it out, so its default holds.

    The lines stay those of the file. Raises ``InputError`` for a path that leads nowhere.
    """
    data = copy.deepcopy(document.data)
    for path, value in values.items():
        data = _set(data, find(document, path), value)
    return Document(document.path, data, document.lines)


def check_varied(document: Document, paths: Sequence[str]) -> None:
    """Raises ``InputError`` where a search cannot vary these fields: the seed, or two paths to one field or into one another."""
    fields = {path: find(document, path) for path in paths}
    for number, path in enumerate(paths):
        if fields[path] == ("seed",):
            raise InputError(
                "field 'seed': a search gives each of its runs a seed; say with --seed which is the first, with --repeats how many"
            )
        for other in paths[:number]:
            shared = min(len(fields[path]), len(fields[other]))
            if fields[path][:shared] == fields[other][:shared]:
                raise InputError(
                    f"{other} and {path} set one field twice ({dotted(fields[path][:shared])}); give all its values in one"
                )


def value_at(document: Document, field: FieldPath) -> Any:
    """The value written at ``field``; None where nothing is written (and a default holds)."""
    value = document.data
    for part in field:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def find(document: Document, path: str) -> FieldPath:
    """The field that ``path`` means: keys and numbers with dots between them; an injection also by its id.

    A field that is not written but may be (``clients.app.retry_mode``) is found too: whether it exists is the loader's word. Raises
    ``InputError`` naming the fields that are near.
    """
    parts = [part for part in re.split(r"[.\[\]]", path) if part]
    if not parts or not isinstance(document.data, dict):
        raise _nowhere(document, path, "it names no field")
    steps: list[str | int] = []
    value: Any = document.data
    for part in parts:
        step: str | int = part
        if isinstance(value, list) and steps != ["services"]:
            step = _entry(document, path, steps, value, part)
        elif isinstance(value, dict) and part not in value and tuple(steps) in {(name,) for name in _LABELLED}:
            raise _nowhere(document, path, f"{dotted(tuple(steps))} has no {part!r}")
        elif not isinstance(value, dict | list | None) and value != part:
            raise _nowhere(document, path, f"{dotted(tuple(steps))} is {value!r}, which has no fields")
        steps.append(step)
        value = _below(value, step)
    return tuple(steps)


def written_fields(document: Document) -> list[str]:
    """The path of every single value in the document, in its order; injections by their id where they have one."""
    paths: list[str] = []

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for key, below in value.items():
                walk(below, f"{path}.{key}" if path else str(key))
        elif isinstance(value, list):
            for number, below in enumerate(value if path != "services" else ()):
                walk(below, f"{path}.{_name(below, number)}")
        else:
            paths.append(path)

    walk(document.data, "")
    return paths


def _name(entry: Any, number: int) -> str:
    return str(entry["id"]) if isinstance(entry, dict) and isinstance(entry.get("id"), str) else str(number)


def _entry(document: Document, path: str, steps: list[str | int], entries: list[Any], part: str) -> int:
    """The number of the entry that ``part`` means."""
    names = [_name(entry, number) for number, entry in enumerate(entries)]
    if part in names:
        return names.index(part)
    if part.isascii() and part.isdigit() and int(part) < len(entries):
        return int(part)
    where = dotted(tuple(steps))
    message = f"{where} has {len(entries)} entries, counted from 0" if part.isdigit() else f"{where} has no {part!r}"
    raise _nowhere(document, path, message)


def _below(value: Any, step: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) else None


def _set(value: Any, field: FieldPath, new: Any) -> Any:
    """``value`` with ``new`` at ``field``, or without the field where ``new`` is None.

    Short forms on the way (``dns: delay``, ``services: [ec2]``) are written out.
    """
    if not field:
        return new
    step, rest = field[0], field[1:]
    if isinstance(step, int):
        value[step] = _set(value[step], rest, new)
        return value
    if isinstance(value, list):  # services: [dynamodb], the short form of services: {dynamodb: {}}
        value = {name: {} for name in value}
    elif value is None or value == step:
        value = {} if value is None else {step: {}}
    if not rest and new is None:
        value.pop(step, None)
    else:
        value[step] = _set(value.get(step), rest, new)
    return value


def _nowhere(document: Document, path: str, message: str) -> InputError:
    fields = written_fields(document)
    near = difflib.get_close_matches(path, fields, n=3, cutoff=0.5)
    start = path.replace("[", ".").split(".", maxsplit=1)[0]
    listed = near or [field for field in fields if field.startswith(start)] or fields
    more = f" and {len(listed) - 12} more" if len(listed) > 12 else ""
    return InputError(
        f"{document.path}: no field {path!r}: {message}. {'Near' if near else 'Fields'}: {', '.join(listed[:12])}{more}"
    )
