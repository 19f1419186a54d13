"""How an experiment writes what Route 53's control plane is like: ``services: {route53: {control_plane: {propagation: 2s}}}``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from chaoskit.aws.route53.batch import Change
from chaoskit.aws.route53.buckets import ACCOUNT, Rate
from chaoskit.aws.route53.control_plane import Behaviour
from chaoskit.aws.route53.record_set import RecordSet, canonical
from chaoskit.strict import Strict
from chaoskit.units import Duration


class VelocitySpec(Strict):
    """How fast a record may lose addresses."""

    addresses: Annotated[int, Field(ge=1)] = Field(description="how many a record may lose within 'per'")
    per: Annotated[Duration, Field(gt=0)]


class GuardsSpec(Strict):
    """Batches that are refused though Route 53 would take them."""

    names: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="the guarded records, by shell patterns such as *.example.com"
    )
    never_empty: bool = Field(False, description="refuse a batch that would leave one without an address")
    velocity: VelocitySpec | None = Field(None, description="refuse a batch by which one would lose addresses too fast")


class ControlPlaneSpec(BaseModel):
    """Times of Route 53's control plane, and its throttles."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    processing: Annotated[Duration, Field(ge=0)] = Field(
        0, description="how long a change is under way; until then another of its zone gets PriorRequestNotComplete"
    )
    propagation: Annotated[Duration, Field(ge=0)] = Field(
        0, description="how long a change stays PENDING, and what is served stays as it was"
    )
    throttled: bool = Field(True, description="requests of the account: 50 at once, then 10 a second, as AWS has it")
    changes_per_second: Annotated[float, Field(gt=0)] | None = Field(
        None, description="a second throttle, of single record changes; none: there is none"
    )
    changes_at_once: Annotated[int, Field(ge=1)] = Field(
        1000, description="how many single changes may come at once, with changes_per_second"
    )
    guards: GuardsSpec | None = Field(None, description="guards of the records, which Route 53 itself does not have")


def behaviour_plan(spec: ControlPlaneSpec) -> dict[str, Any]:
    """The part of the mock AWS's plan that ``behaviour_from_json`` reads."""
    rate = spec.changes_per_second
    return {
        "processing_ns": spec.processing,
        "propagation_ns": spec.propagation,
        "throttled": spec.throttled,
        "changes": None if rate is None else {"capacity": spec.changes_at_once, "per_s": rate},
        "guards": None if spec.guards is None else _guards_plan(spec.guards),
    }


def _guards_plan(spec: GuardsSpec) -> dict[str, Any]:
    velocity = spec.velocity and {"addresses": spec.velocity.addresses, "per_ns": spec.velocity.per}
    return {"names": list(spec.names), "never_empty": spec.never_empty, "velocity": velocity}


def behaviour_from_json(plain: Mapping[str, Any]) -> Behaviour:
    """The control plane's behaviour from the mock AWS's plan; an empty one is AWS's own, without delays."""
    changes = plain.get("changes")
    return Behaviour(
        processing_ns=plain.get("processing_ns", 0),
        propagation_ns=plain.get("propagation_ns", 0),
        account=ACCOUNT if plain.get("throttled", True) else None,
        changes=Rate(**changes) if changes else None,
    )


def first_changes(records: Iterable[Mapping[str, Any]]) -> list[Change]:
    """What puts these records (``name``, ``rtype``, ``ttl``, ``data``) into an empty hosted zone: a CREATE for each set."""
    values: dict[tuple[str, str, int], list[str]] = {}
    for record in records:
        values.setdefault((canonical(record["name"]), record["rtype"].upper(), record["ttl"]), []).append(
            record["data"]
        )
    sets = (RecordSet(name, rtype, ttl=ttl, values=tuple(data)) for (name, rtype, ttl), data in values.items())
    return [Change("CREATE", record_set) for record_set in sets]
