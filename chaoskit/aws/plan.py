"""The mock AWS's injections, from plain JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from chaoskit.aws.faults import FAULTS, ServiceFault
from chaoskit.aws.target import ServiceTarget
from chaoskit.timeline.codec import injection_from_json
from chaoskit.timeline.injection import Injection

ServiceInjection: TypeAlias = Injection[ServiceTarget, ServiceFault]


def injections_from_json(plain: Iterable[Mapping[str, Any]]) -> tuple[ServiceInjection, ...]:
    """The injections of the process contract's plan (ARCHITECTURE.md)."""
    return tuple(injection_from_json(one, ServiceTarget, FAULTS) for one in plain)
