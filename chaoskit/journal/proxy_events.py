"""Events of the proxy plane and its control API. They belong to the union in ``events.py``, which is where to import them from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chaoskit.clock import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRequestRefused:
    """A control API was sent what is no request that it serves: its client's mistake, and no failure of the plane.

    ``peer`` is the client's ``host:port``, ``status`` the HTTP status that it got. ``count`` is how many there have been, this one
    included: of very many, only some are told.
    """

    kind: Literal["control_request_refused"] = "control_request_refused"
    at: Instant
    plane: Literal["network"]
    peer: str
    status: int
    reason: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneStalled:
    """From ``since`` to ``at`` nothing proved that the plane was at work, for longer than it may be.

    What was due in between may have come late, and connections may have waited for the harness and not for a fault.
    """

    kind: Literal["plane_stalled"] = "plane_stalled"
    at: Instant
    plane: Literal["network"]
    since: Instant
