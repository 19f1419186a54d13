"""The planes there are. A new one is a package of the same shape (``target``, ``plan``, ``plane``, ``faults/``) and a line here."""

from __future__ import annotations

from chaoskit.aws.plane import PLANE as SERVICE
from chaoskit.dns.plane import PLANE as DNS
from chaoskit.network.plane import PLANE as NETWORK
from chaoskit.process.plane import PLANE as PROCESS
from chaoskit.timeline.plane import Plane

PLANES: tuple[Plane, ...] = (DNS, NETWORK, SERVICE, PROCESS)
"""Every plane, in the order in which a journal lists their injections."""

PLANE_KEYS = tuple(plane.key for plane in PLANES)
"""The keys of an entry of the timeline, of which it has one."""

STARTED = tuple(sorted((plane for plane in PLANES if plane.module), key=lambda plane: plane.start_order))
"""Planes with a process of their own, in the order of their start: slowest first."""

STOPPED = tuple(plane.key for plane in sorted(STARTED, key=lambda plane: plane.stop_order))
"""Their keys in the order of their end: whoever asks others ends before them."""
