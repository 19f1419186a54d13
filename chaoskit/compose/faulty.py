"""``python -m chaoskit.compose.faulty ADDRESS``: a name server of which every name has one lasting fault.

Asked directly and through Docker's resolver, it shows what that makes of each answer.
"""

from __future__ import annotations

import asyncio
import sys

from chaoskit.clock import WallClock
from chaoskit.dns.faults import FAULTS
from chaoskit.dns.guard import Guard, read_networks
from chaoskit.dns.listen import Listener
from chaoskit.dns.responder import Responder
from chaoskit.dns.server import Server
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.zone import Zones
from chaoskit.timeline.injection import Injection, Timeline
from chaoskit.timeline.window import Once
from chaoskit.units import HOUR, MILLISECOND

APEX = "probe.chaoskit.test"
CASES: dict[str, tuple[str, dict[str, int], tuple[str, ...]]] = {
    "honest": ("", {}, ()),
    "empty": ("empty", {}, ()),
    "nxdomain": ("nxdomain", {}, ()),
    "servfail": ("servfail", {}, ()),
    "refused": ("refused", {}, ()),
    "late-3s": ("delay", {"by": 3000 * MILLISECOND}, ()),
    "late-4500ms": ("delay", {"by": 4500 * MILLISECOND}, ()),
    "dropped": ("drop", {}, ()),
    "aaaa-dropped": ("drop", {}, ("AAAA",)),
}
"""Each name's fault: its kind, its parameters, and the record types that it bites (none: all)."""


def name_of(case: str) -> str:
    """The name that has the fault of ``case``."""
    return f"{case}.{APEX}"


def responder(origin: int) -> Responder:
    """Every case, from ``origin`` on."""
    records = [
        {"name": name_of(case), "rtype": rtype, "ttl": 5, "data": data}
        for case in CASES
        for rtype, data in (("A", "192.0.2.1"), ("AAAA", "2001:db8::1"))
    ]
    injections = tuple(
        Injection(case, DnsTarget(name=name_of(case), types=types), Once(0, HOUR), FAULTS.get(kind)(**parameters))
        for case, (kind, parameters, types) in CASES.items()
        if kind
    )
    return Responder(Zones.from_plan([{"apex": APEX, "records": records}]), Timeline(injections).anchored(origin), 0)


async def serve(address: str) -> None:
    """Answer for an hour at most."""
    clock = WallClock()
    guard = Guard(read_networks(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]))
    server = Server(responder(clock.now()), clock, lambda _: None, guard=guard)
    await server.listen(Listener("probe", address, 53))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.wait([server.failed], timeout=HOUR / 1e9)
    await server.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
