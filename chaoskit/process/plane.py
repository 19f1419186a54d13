"""The plane of processes: pause, kill or restart a client, or pause the machine behind a service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaoskit.process.faults import PROCESS_FAULTS
from chaoskit.process.target import PAUSABLE, ProcessTarget
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.plane import Complaint, Plane, Surroundings
from chaoskit.timeline.window import Ramp, Until


def _check(injection: Injection[Any, Any], surroundings: Surroundings) -> Iterator[Complaint]:
    target = injection.where.process
    allowed = [*surroundings.clients, *(PAUSABLE if injection.fault.planes else ())]
    if target not in allowed:
        fix = f"Name one of: {', '.join(allowed) or 'no client is here'}."
        yield Complaint(("where",), f"{target!r} cannot have this fault.", fix, "client")
    if injection.chance < 1:
        yield Complaint(("chance",), "a process fault befalls its process or does not.", "Leave it out.")
    if isinstance(injection.when, Ramp):
        yield Complaint(("when",), "a process fault cannot ramp: it has no chance.", "Use pulse or flap.")
    if isinstance(injection.when, Until):
        yield Complaint(("when", "until"), "a process fault waits for nothing.", "Give it a time with 'for'.")


PLANE = Plane(
    key="process",
    noun="process fault",
    target=ProcessTarget,
    short="process",
    faults=PROCESS_FAULTS,
    module=None,
    start_order=3,
    stop_order=3,
    check=_check,
)
