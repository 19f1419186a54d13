"""The DNS process's plan: listeners, zones and injections, from plain JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from chaoskit.dns.faults import FAULTS, DnsFault
from chaoskit.dns.listen import Listener
from chaoskit.dns.responder import Responder
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.zone import Zones
from chaoskit.timeline.codec import injection_from_json
from chaoskit.timeline.injection import Injection, Timeline

DnsInjection: TypeAlias = Injection[DnsTarget, DnsFault]


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to listen, and what to answer there once the timeline is anchored."""

    listeners: tuple[Listener, ...]
    responder: Responder


def plan_from_json(plain: dict[str, Any]) -> Plan:
    """The plan of the process contract (ARCHITECTURE.md). Raises ``ValueError`` or ``KeyError`` for one that is none."""
    timeline = Timeline(tuple(injection_from_json(one, DnsTarget, FAULTS) for one in plain["injections"]))
    responder = Responder(Zones.from_plan(plain["zones"]), timeline, plain["seed"])
    return Plan(tuple(Listener(**written) for written in plain["listeners"]), responder)
