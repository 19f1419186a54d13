"""Zones as people write them in YAML: in an experiment's ``zones``, in a zone file of ``chaoskit serve``, and in ``PUT /zones``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from chaoskit.dns.zone import WrongRecord
from chaoskit.units import SECOND, Duration, format_duration


def _whole_seconds(length: int) -> int:
    if length % SECOND:
        raise ValueError(f"a TTL is in whole seconds (RFC 2181 §8), and {format_duration(length)} is not")
    return length


Ttl: TypeAlias = Annotated[Duration, AfterValidator(_whole_seconds)]


class RecordSpec(BaseModel):
    """Records of one name: type → data, one or several, in presentation form; ``ttl`` for all of them."""

    model_config = ConfigDict(extra="allow", frozen=True)

    ttl: Ttl = 5 * SECOND

    @model_validator(mode="before")
    @classmethod
    def _by_type(cls, written: Any) -> Any:
        if not isinstance(written, (dict, cls)):
            raise ValueError("the records of a name are written by type, for example {A: 127.0.0.1}")
        return written


class ZoneSpec(BaseModel):
    """A zone that chaoskit's DNS answers for. ``negative_ttl`` is the SOA MINIMUM and TTL: how long an emptiness may be cached."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    negative_ttl: Ttl = 900 * SECOND
    records: dict[str, RecordSpec] = Field(default_factory=dict, description="fully qualified name → records")

    @model_validator(mode="before")
    @classmethod
    def _with_records(cls, written: Any) -> Any:
        if not isinstance(written, (dict, cls)):
            raise ValueError(
                "a zone is written {records: {NAME: {A: 127.0.0.1}}}; master files are for 'chaoskit serve --zone'"
            )
        return written


def zone_plan(apex: str, zone: ZoneSpec) -> dict[str, Any]:
    """The plan of ``chaoskit.dns.zone.Zone.from_plan``."""
    negative = zone.negative_ttl // SECOND
    records = [
        {"name": name, "rtype": rtype, "ttl": zone.records[name].ttl // SECOND, "data": data}
        for name, rtype, data in _written(zone)
    ]
    return {"apex": apex, "soa": {"minimum": negative, "ttl": negative}, "records": records}


def place_of(error: ValueError, zone: ZoneSpec) -> tuple[str, ...]:
    """Where in ``zone``, as it is written, ``Zone.from_plan`` found what it raised; empty for the zone as a whole."""
    written = list(_written(zone))
    if not isinstance(error, WrongRecord) or error.index >= len(written):
        return ()
    name, rtype, _ = written[error.index]
    return "records", name, rtype


def _written(zone: ZoneSpec) -> Iterator[tuple[str, str, str]]:
    for name, record in zone.records.items():
        for rtype, data in (record.model_extra or {}).items():
            for one in data if isinstance(data, list) else [data]:
                yield name, rtype, str(one)
