"""A system as the plain data of its file, so that another process can read it: the other way round of ``spec.read_system``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaoskit.cascade.system.model import NO_SLEEP, Call, Service, System
from chaoskit.cascade.system.spec import read_system
from chaoskit.errors import FieldPath


@dataclass(frozen=True, slots=True)
class PlainSystem:
    """Plain data as ``spec.ParsedFile``; nothing has a line."""

    data: Any
    path: str = "a system"

    def line(self, field: FieldPath) -> int:
        """See ``spec.ParsedFile``."""
        return 1


def plain_of(system: System) -> dict[str, Any]:
    """What a file that describes ``system`` holds."""
    outage = system.outage
    return {
        "kind": "cascade-system",
        "title": system.title,
        "load_per_s": system.load_per_s,
        "callers": {"call": system.callers.to, **_plain_call(system.callers)},
        "services": {name: _plain_service(service) for name, service in system.services.items()},
        "outage": {
            "for": f"{outage.for_ns}ns",
            "load_times": outage.load_times,
            **({"service": outage.service, "capacity_left": outage.capacity_left} if outage.service else {}),
        },
    }


def system_of(plain: dict[str, Any]) -> System:
    """The system that ``plain_of`` was given. Raises ``ExperimentError``."""
    return read_system(PlainSystem(plain))


def _plain_service(service: Service) -> dict[str, Any]:
    shedding = service.shedding
    return {
        "capacity_per_s": service.capacity_per_s,
        "queue": service.queue,
        "order": service.order,
        "drops_abandoned": service.drops_abandoned,
        "shed": {"low": shedding.low, "high": shedding.high} if shedding else None,
        "service_time": service.law,
        "calls": {call.to: _plain_call(call) for call in service.calls},
    }


def _plain_call(call: Call) -> dict[str, Any]:
    sleep = call.back_off
    back_off = {"base": f"{sleep.base_ns}ns", "cap": f"{sleep.cap_ns}ns", "jitter": sleep.jitter}
    return {
        "timeout": f"{call.timeout_ns}ns",
        "tries": call.tries,
        "back_off": None if sleep == NO_SLEEP else back_off,
        "retry_budget": call.budget.earn if call.budget else None,
    }
