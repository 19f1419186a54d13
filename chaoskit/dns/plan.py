"""The DNS process's plan: listeners, zones and injections as plain JSON, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from chaoskit.dns.faults import FAULTS, DnsFault
from chaoskit.dns.listen import Listener
from chaoskit.dns.responder import Responder
from chaoskit.dns.where import Where
from chaoskit.dns.zone import Zones
from chaoskit.timeline.injection import Injection, Timeline, window_from_json, window_to_json

DnsInjection: TypeAlias = Injection[Where, DnsFault]


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to listen, and what to answer there once the timeline is anchored."""

    listeners: tuple[Listener, ...]
    responder: Responder


def plan_from_json(plain: dict[str, Any]) -> Plan:
    """The plan of the process contract (ARCHITECTURE.md). Raises ``ValueError`` or ``KeyError`` for one that is none."""
    timeline = Timeline(tuple(map(injection_from_json, plain["injections"])))
    responder = Responder(Zones.from_plan(plain["zones"]), timeline, plain["seed"])
    return Plan(tuple(Listener(**written) for written in plain["listeners"]), responder)


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
    return Injection(
        id=plain["id"],
        where=Where(**_with_tuples(plain["where"])),
        when=window_from_json(plain["when"]),
        fault=FAULTS.get(kind)(**_with_tuples(parameters)),
        chance=plain.get("chance", 1.0),
        hidden=plain.get("hidden", False),
    )


def _with_tuples(fields: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has lists where the frozen classes have tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
