"""The plane of services: faults of the mock AWS, request by request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaoskit.aws.faults import FAULTS
from chaoskit.aws.operations import METHOD_AND_PATH, unknown_operation
from chaoskit.aws.target import ServiceTarget
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.plane import Complaint, Plane, Surroundings


def _check(injection: Injection[Any, Any], surroundings: Surroundings) -> Iterator[Complaint]:
    service = injection.where.service
    if service not in surroundings.services:
        known = ", ".join(surroundings.services) or "none"
        yield Complaint(("where",), f"there is no service {service!r} in this experiment.", f"Services: {known}.")
        return
    if service in surroundings.own:
        yield from _check_own(injection, surroundings.own[service])
        return
    for pattern in injection.where.operations:
        if wrong := unknown_operation(service, pattern):
            yield Complaint(("where", "operation"), f"{wrong[0]}.", f"{wrong[1]}.")


def _check_own(injection: Injection[Any, Any], speaks_http: bool) -> Iterator[Complaint]:
    """Of a service of the user's own only HTTP's requests can be made to fail, and they are named by method and path."""
    service = injection.where.service
    if not speaks_http:
        message = f"{service} is passed on byte by byte, so no request of it can be seen, or made to fail."
        fix = (
            f"Use a toxic ('network: timeout'), or say that it speaks HTTP: services: {{{service}: {{speaks: http}}}}."
        )
        yield Complaint(("where",), message, fix)
    if getattr(injection.fault, "ONLY_AWS", False):
        yield Complaint(
            ("service",), "this fault is about AWS's signatures.", "Use error, unavailable, throttle or slow."
        )
    for pattern in injection.where.operations:
        if pattern != "*" and not METHOD_AND_PATH.match(pattern):
            message = f"requests of {service} are named by method and path, so {pattern!r} could never fit one."
            yield Complaint(("where", "operation"), message, "Write one like 'GET /items/*'.")


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
