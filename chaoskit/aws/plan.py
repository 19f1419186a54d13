"""The mock AWS's injections as plain JSON, and back."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeAlias

from chaoskit.aws.faults import FAULTS, ServiceFault
from chaoskit.aws.where import Where
from chaoskit.timeline.injection import Injection, window_from_json, window_to_json

ServiceInjection: TypeAlias = Injection[Where, ServiceFault]


def injection_to_json(injection: ServiceInjection) -> dict[str, Any]:
    """An injection for the plan; durations in nanoseconds."""
    fault: Any = injection.fault
    kind = type(fault).__module__.rpartition(".")[2]
    return {
        "id": injection.id,
        "where": dataclasses.asdict(injection.where),
        "when": window_to_json(injection.when),
        "fault": {kind: dataclasses.asdict(fault)},
        "chance": injection.chance,
        "hidden": injection.hidden,
    }


def injection_from_json(plain: dict[str, Any]) -> ServiceInjection:
    """The injection of ``injection_to_json``."""
    ((kind, parameters),) = plain["fault"].items()
    return Injection(
        id=plain["id"],
        where=Where(**plain["where"]),
        when=window_from_json(plain["when"]),
        fault=FAULTS.get(kind)(**parameters),
        chance=plain.get("chance", 1.0),
        hidden=plain.get("hidden", False),
    )
