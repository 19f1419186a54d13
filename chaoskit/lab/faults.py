"""The faults of the matrix, in its order, each with what a try meets under it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chaoskit.sim.backoff import Trouble
from chaoskit.units import MILLISECOND, SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class LabFault:
    """``dns`` is the fault as an experiment file writes it, biting on ``types`` (all when empty).

    ``trouble`` is what a new connection meets, None where it should still work; ``try_ns`` how long one try then takes, about.
    ``without_ipv6``: AAAA is emptied besides, so that no other address is left to go on to. ``short_limits``: the client gets a connect
    time-out of ``CONNECT_LIMIT_NS``, because the fault is about waiting.
    """

    key: str
    title: str
    dns: Any
    types: tuple[str, ...] = ()
    trouble: Trouble | None = None
    try_ns: int = 10 * MILLISECOND
    without_ipv6: bool = False
    short_limits: bool = False


CONNECT_LIMIT_NS = 1 * SECOND

FAULTS = (
    LabFault(key="empty", title="empty, with SOA", dns="empty", trouble="not found"),
    LabFault(key="empty-no-soa", title="empty, without SOA", dns={"empty": {"soa": False}}, trouble="not found"),
    LabFault(key="nxdomain", title="NXDOMAIN", dns="nxdomain", trouble="not found"),
    LabFault(key="servfail", title="SERVFAIL", dns="servfail", trouble="temporary"),
    LabFault(key="refused", title="REFUSED", dns="refused", trouble="temporary"),
    LabFault(
        key="no-answer", title="no answer", dns="drop", trouble="temporary", try_ns=10 * SECOND, short_limits=True
    ),
    LabFault(key="a-only", title="A only", dns="empty", types=("AAAA",)),
    LabFault(key="aaaa-only", title="AAAA only", dns="empty", types=("A",)),
    LabFault(
        key="wrong-refused", title="wrong address, refused", dns={"address": {"preset": "refused"}}, trouble="transport"
    ),
    LabFault(
        key="wrong-black-hole",
        title="wrong address, black hole",
        dns={"address": {"preset": "black_hole"}},
        types=("A",),
        without_ipv6=True,
        trouble="timeout",
        try_ns=CONNECT_LIMIT_NS,
        short_limits=True,
    ),
    LabFault(key="subset", title="half of the addresses", dns={"subset": {"share": 0.5}}),
)

BY_KEY = {fault.key: fault for fault in FAULTS}
