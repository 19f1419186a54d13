"""Journals of version 1, read as those of today. What version 1 only said in words is taken from those words here, and nowhere else.

Since version 2 planes are named as in the file (``service`` instead of ``aws``), a planned injection carries its ``target``, a client its
``every_ns``, and the experiment in the head has the field names of today.
"""

from __future__ import annotations

from typing import Any

from chaoskit.units import parse_duration


def from_version_1(event: dict[str, Any]) -> dict[str, Any]:
    """The JSON of an event of version 1 as one of version 2. Raises ``KeyError`` or ``ValueError`` for what is none."""
    kind = event["kind"]
    if kind == "run_started":
        return event | {"schema_version": 2, "experiment": _experiment(event["experiment"])}
    if kind in ("plane_ready", "injection_planned"):
        event = event | {"plane": _plane(event["plane"])}
    if kind == "plane_ready":
        return event | {"silent": event["plane"] == "network" and event["implementation"].startswith("Toxiproxy")}
    if kind == "injection_planned":
        field = {"dns": "name", "process": "process"}.get(event["plane"], "service")
        named = event["where"].partition(" (")[0].partition(",")[0]  # "NAME (limits)", "SERVICE, limits", "PROCESS"
        return event | {"target": {field: _plane(named) if field == "process" else named}}
    if kind == "client_ready" and event["use"] == "canary":
        return event | {"every_ns": parse_duration(event["settings"]["every"])}
    if kind == "process_ended":
        return event | {"process": _plane(event["process"])}
    if kind == "harness_failed":
        return event | {"part": _plane(event["part"])}
    return event


def _plane(name: str) -> str:
    return "service" if name == "aws" else name


def _experiment(plain: dict[str, Any]) -> dict[str, Any]:
    """An experiment's plain data with the field names of today."""
    upgraded = dict(plain)
    if isinstance(services := plain.get("services"), dict):
        names = {"zones": "availability_zones", "address": "backend"}
        upgraded["services"] = {
            name: {names.get(field, field): value for field, value in (written or {}).items()}
            for name, written in services.items()
        }
    if timeline := plain.get("timeline"):
        upgraded["timeline"] = [_entry(entry) for entry in timeline]
    return upgraded


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    where = entry.get("where")
    if entry.get("dns") is not None and isinstance(where, dict):
        names = {"askers": "clients", "clients": "networks"}
        where = {names.get(field, field): value for field, value in where.items()}
    elif entry.get("process") is not None:
        where = {"process": _plane(where["process"])} if isinstance(where, dict) else _plane(str(where))
    return entry | {"where": where}
