"""The mock AWS's injections, from plain JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from chaoskit.aws.faults import FAULTS, ServiceFault
from chaoskit.aws.where import Where
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.plain import injection_from_json

ServiceInjection: TypeAlias = Injection[Where, ServiceFault]


def injections_from_json(plain: Iterable[Mapping[str, Any]]) -> tuple[ServiceInjection, ...]:
    """The injections of the process contract's plan (ARCHITECTURE.md)."""
    return tuple(injection_from_json(one, Where, FAULTS) for one in plain)
