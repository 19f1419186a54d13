"""The DNS process's plan: listeners, zones and injections, from plain JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from chaoskit.dns.faults import FAULTS, DnsFault
from chaoskit.dns.listen import Listener
from chaoskit.dns.names import canonical
from chaoskit.dns.responder import Responder
from chaoskit.dns.share import chosen
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.tsig_key import make_key
from chaoskit.dns.updater import UpdateRules
from chaoskit.dns.zone import Zones
from chaoskit.errors import PlaneError
from chaoskit.timeline.codec import injection_from_json
from chaoskit.timeline.injection import Injection, Timeline

DnsInjection: TypeAlias = Injection[DnsTarget, DnsFault]


@dataclass(frozen=True, slots=True)
class Plan:
    """Where to listen, and what to answer there once the timeline is anchored."""

    listeners: tuple[Listener, ...]
    responder: Responder
    updates: UpdateRules
    followed: tuple[str, ...]
    """Apexes of the zones that follow a hosted zone."""


def plan_from_json(plain: dict[str, Any]) -> Plan:
    """The plan of the process contract (ARCHITECTURE.md). Raises ``ValueError`` or ``KeyError`` for one that is none.

    Raises ``PlaneError`` for a fault that this process lacks something for.
    """
    listeners = tuple(Listener(**written) for written in plain["listeners"])
    spared = plain.get("spared", {})
    clients = [listener.label for listener in listeners if listener.label not in spared.get("askers", ())]
    seed = plain["seed"]
    injections = [injection_from_json(one, DnsTarget, FAULTS) for one in plain["injections"]]
    if lacking := next((why for one in injections if (why := one.fault.lacking())), ""):
        raise PlaneError(lacking)
    if len(clients) > 1:  # each has a resolver address of its own, so who may ask is known
        injections = [replace(one, where=chosen(one.where, seed, one.id, clients)) for one in injections]
    names = frozenset(map(canonical, spared.get("names", ())))
    responder = Responder(Zones.from_plan(plain["zones"]), Timeline(tuple(injections)), seed, spared=names)
    followed = tuple(canonical(apex) for apex in plain.get("followed") or ())
    return Plan(listeners, responder, _update_rules(plain.get("updates") or {}), followed)


def _update_rules(plain: dict[str, Any]) -> UpdateRules:
    """``{"zones": {apex: [names of keys]}, "keys": [{"name", "algorithm", "secret"}]}``, the secrets in base 64."""
    keys = [make_key(one["name"], one["algorithm"], one["secret"]) for one in plain.get("keys") or ()]
    zones = {canonical(apex): frozenset(map(canonical, names)) for apex, names in (plain.get("zones") or {}).items()}
    return UpdateRules(zones, {key.name: key for key in keys})
