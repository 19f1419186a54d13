"""Zones of an experiment that change while it runs: by dynamic updates (RFC 2136), or because they follow a hosted zone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from chaoskit.dns.names import canonical
from chaoskit.dns.tsig import DIGESTS
from chaoskit.dns.tsig_key import read_secret
from chaoskit.dns.zone_spec import ZoneSpec


class KeySpec(BaseModel):
    """A TSIG key's algorithm and secret, as ``tsig-keygen`` prints them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    algorithm: str = Field("hmac-sha256", description=f"one of {', '.join(DIGESTS)}")
    secret: str = Field(description="in base 64; it stands in the journal too, so use it for nothing else")

    @model_validator(mode="after")
    def _is_a_key(self) -> KeySpec:
        read_secret("this key", self.algorithm, self.secret)
        return self


class UpdatesSpec(BaseModel):
    """Who may update the zone: whoever holds one of ``keys``. Without keys, whoever asks from loopback."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: dict[str, KeySpec] = Field(default_factory=dict, description="TSIG keys by their names")

    @field_validator("keys")
    @classmethod
    def _are_names(cls, keys: dict[str, KeySpec]) -> dict[str, KeySpec]:
        for name in keys:
            canonical(name)
        return keys


def _or_a_boolean(schema: dict[str, Any]) -> None:
    schema["anyOf"].append({"type": "boolean"})


class ChangingZoneSpec(ZoneSpec):
    """A zone of an experiment."""

    updates: UpdatesSpec | None = Field(
        None,
        description="dynamic updates (RFC 2136): true, or {keys: …}; none: refused",
        json_schema_extra=_or_a_boolean,
    )
    source: Literal["route53"] | None = Field(
        None, description="route53: the zone follows the hosted zone of its name; its own records stay beside that"
    )

    @field_validator("updates", mode="before")
    @classmethod
    def _true_alone(cls, written: Any) -> Any:
        return {True: {}, False: None}[written] if isinstance(written, bool) else written

    @model_validator(mode="after")
    def _changes_in_one_way(self) -> ChangingZoneSpec:
        if self.updates is not None and self.source is not None:
            raise ValueError("a zone that follows a hosted zone is changed there: leave out 'updates' or 'source'")
        return self


def updates_plan(zones: Mapping[str, ChangingZoneSpec]) -> dict[str, Any]:
    """The part ``updates`` of the DNS process's plan."""
    keys = {
        name: {"name": name, "algorithm": key.algorithm, "secret": key.secret}
        for zone in zones.values()
        if zone.updates
        for name, key in zone.updates.keys.items()
    }
    allowed = {apex: list(zone.updates.keys) for apex, zone in zones.items() if zone.updates is not None}
    return {"zones": allowed, "keys": list(keys.values())}


def followed_zones(zones: Mapping[str, ChangingZoneSpec]) -> list[str]:
    """The apexes of the zones that follow a hosted zone."""
    return [apex for apex, zone in zones.items() if zone.source == "route53"]
