"""What events of all domains are made of."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeAlias

from msgspec import Meta, Struct, structs, to_builtins

LARGEST = (1 << 63) - 1
"""Whole numbers of a journal are those of 64 bits: nanoseconds until the year 2262, counts, ids."""

Whole: TypeAlias = Annotated[int, Meta(ge=-LARGEST, le=LARGEST)]
"""A whole number that a journal can hold."""

Instant: TypeAlias = Whole
"""``chaoskit.clock.Instant``: nanoseconds on the monotonic clock that all processes of a run share."""

Result: TypeAlias = Literal["ok", "failed", "unknown"]
"""How something ended; *unknown* means that nobody saw its end."""


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Fields with a JSON form; one that is unknown is refused. (No record refers to what holds it, so none need be collected.)"""

    def with_fields(self, **fields: Any) -> Self:
        """A copy that has ``fields`` in place of its own."""
        return structs.replace(self, **fields)

    def plain(self) -> dict[str, Any]:
        """Its JSON form as a dictionary."""
        fields: dict[str, Any] = to_builtins(self)
        return fields


class BaseEvent(Record, frozen=True, kw_only=True, tag_field="kind"):
    """An event: its class stands in its JSON as ``kind``."""

    @property
    def kind(self) -> str:
        """The event's name in a journal."""
        return str(self.__struct_config__.tag)
