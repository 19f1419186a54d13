"""What people write, read strictly: no unknown field is passed over, no truth value taken for a number, no empty field for its default."""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, ValidationInfo, field_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from chaoskit.units import DurationMarker

FROM_A_FILE = {"from a file": True}
"""Context for ``model_validate`` of what stands in a file: a field whose name is written must have a value.

A request as JSON may name each of its fields, and give ``null`` for those that it leaves out."""


class Strict(BaseModel):
    """A pydantic model without unknown fields, whose fields can be given by name and by alias."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @field_validator("*", mode="before")
    @classmethod
    def _is_a_value(cls, written: Any, info: ValidationInfo) -> Any:
        if written is None and info.context == FROM_A_FILE:
            raise ValueError("is empty; write a value, or leave the field out")
        if isinstance(written, bool) and info.field_name is not None:
            field = cls.model_fields[info.field_name]
            if not _may_be_true((field.annotation, *field.metadata)):
                raise _no_number(written)
        return written


def validate(kind: type[Any], written: Any) -> Any:
    """An object of ``kind``, a dataclass of parameters or another type. Raises ``ValidationError``; ``ValueError`` of its own checks."""
    if is_dataclass(kind) and isinstance(written, dict):
        hints = typing.get_type_hints(kind, include_extras=True)
        names = [field.name for field in fields(kind) if field.init and isinstance(written.get(field.name), bool)]
        wrong = [name for name in names if not _may_be_true(hints[name])]
        if wrong:
            errors = [
                InitErrorDetails(type=_no_number(written[name]), loc=(name,), input=written[name]) for name in wrong
            ]
            raise ValidationError.from_exception_data(kind.__name__, errors)
    read: Callable[[Any], Any] = TypeAdapter(kind).validate_python
    return read(written)


def _no_number(written: bool) -> PydanticCustomError:
    return PydanticCustomError("truth_value", f"{str(written).lower()} is no number; write one")


def _may_be_true(kind: Any) -> bool:
    """Whether a field of this type may be handed ``true``: all but numbers, of which Python makes it 1; durations refuse it themselves."""
    parts = _leaves(kind)
    return (
        bool in parts or not (int in parts or float in parts) or any(isinstance(part, DurationMarker) for part in parts)
    )


def _leaves(kind: Any) -> list[Any]:
    inner = kind if isinstance(kind, tuple) else typing.get_args(kind)
    return [leaf for part in inner for leaf in _leaves(part)] if inner else [kind]
