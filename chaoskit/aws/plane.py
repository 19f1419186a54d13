"""The plane of services: faults of the mock AWS, request by request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaoskit.aws.faults import FAULTS
from chaoskit.aws.target import ServiceTarget
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.plane import Complaint, Plane, Surroundings


def _check(injection: Injection[Any, Any], surroundings: Surroundings) -> Iterator[Complaint]:
    service = injection.where.service
    if service not in surroundings.services:
        known = ", ".join(surroundings.services) or "none"
        yield Complaint(("where",), f"there is no service {service!r} in this experiment.", f"Services: {known}.")


PLANE = Plane(
    key="service",
    noun="service fault",
    target=ServiceTarget,
    short="service",
    faults=FAULTS,
    module="chaoskit.aws",
    start_order=0,
    stop_order=1,
    check=_check,
)
