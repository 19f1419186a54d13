"""The DNS process's injections as plain JSON, and back."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeAlias

from chaoskit.dns.faults import FAULTS, DnsFault
from chaoskit.dns.where import Where
from chaoskit.timeline.injection import Injection, window_from_json, window_to_json

DnsInjection: TypeAlias = Injection[Where, DnsFault]


def injection_to_json(injection: DnsInjection) -> dict[str, Any]:
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


def injection_from_json(plain: dict[str, Any]) -> DnsInjection:
    """The injection of ``injection_to_json``."""
    ((kind, parameters),) = plain["fault"].items()
    where: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in plain["where"].items()
    }
    return Injection(
        id=plain["id"],
        where=Where(**where),
        when=window_from_json(plain["when"]),
        fault=FAULTS.get(kind)(**parameters),
        chance=plain.get("chance", 1.0),
        hidden=plain.get("hidden", False),
    )
