"""``python -m chaoskit.aws``: the mock AWS as a process of a run. Its plan and events: ARCHITECTURE.md, "The process contract"."""

from __future__ import annotations

import gc
import itertools
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from chaoskit.aws.inject import Faults
from chaoskit.aws.plan import injections_from_json
from chaoskit.aws.services import wire_name
from chaoskit.child import Child, Command
from chaoskit.errors import ChaoskitError, HarnessError
from chaoskit.journal.events import HarnessFailed, PlaneReady

if TYPE_CHECKING:
    from chaoskit.aws.evidence import Application
    from chaoskit.aws.route53.front import Route53
    from chaoskit.aws.route53.poller import HostedZonePoller
    from chaoskit.aws.service import MockServices

MOST_DESCRIPTORS = 65_536


def main() -> NoReturn:
    """Serve until told to stop. Exit code 0 after ``stop``; 4 with the reason on standard error when it cannot serve."""
    child = Child()
    plan = child.plan()
    faults = Faults(injections_from_json(plan.get("injections") or ()), plan.get("seed", 0))
    stopped = threading.Event()
    endings: list[Callable[[], object]] = [faults.end]

    def obey(command: Command) -> None:
        if command.get("do") == "arm":
            faults.arm(command["origin"])
        elif command.get("do") == "event":
            faults.with_event(command["name"], command["at"])
        elif command.get("do") == "stop":
            stopped.set()

    child.on_command(obey)
    _raise_descriptors()
    gc.disable()  # imports make many long-lived objects; collecting among them costs a tenth of the start
    try:
        front = _start(child, plan, faults, endings)
    except (ChaoskitError, OSError) as error:
        sys.stderr.write(f"the mock AWS cannot start: {error}\n")
        child.leave(HarnessError.exit_code)
    child.prove_alive()
    gc.freeze()
    gc.enable()
    stopped.wait()
    for end in endings:
        end()
    front.stop()
    child.leave(0)


def _raise_descriptors() -> None:
    """As many open connections as this machine lets us have: each is a descriptor here (getrlimit(2))."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _start(child: Child, plan: dict[str, Any], faults: Faults, endings: list[Callable[[], object]]) -> Any:
    """The front, serving. ``endings`` gets what lets go of answers that are held back."""
    from chaoskit.aws.certificates import Authority

    authority = Authority()
    authority.publish(Path(plan["certificates"]))  # first of all: clients load meanwhile and wait for this file

    def failed(message: str) -> None:
        child.emit(HarnessFailed(at=time.monotonic_ns(), part="service", message=message))

    from chaoskit.aws import front as tls_front
    from chaoskit.aws.connection import Habits
    from chaoskit.aws.evidence import Evidence
    from chaoskit.aws.own_fronts import OwnFronts
    from chaoskit.aws.stand_in import StandIns

    written: dict[str, dict[str, Any]] = {name: wanted or {} for name, wanted in (plan.get("services") or {}).items()}
    stand_ins = {name: wanted["backend"] for name, wanted in written.items() if wanted.get("backend")}
    hosts: dict[str, str] = plan.get("hosts") or {}
    regions = plan.get("regions") or ["us-east-1"]
    services = _moto(written, stand_ins, regions, has_own=bool(plan.get("own")))
    own = base = _nothing if services is None else _placed(services, written, regions[0])
    began: list[Callable[[], object]] = []
    if "route53" in written and "route53" not in stand_ins:
        own = route53 = _route53(base, written["route53"], child)
        endings.append(route53.end)
        began.append(partial(_fill, route53, written["route53"]))
    elif "route53" in stand_ins:
        for poller in _pollers(stand_ins["route53"], plan.get("followed") or (), child, failed):
            began.append(poller.start)
            endings.append(poller.stop)
    application = StandIns(own, {wire_name(name): address for name, address in stand_ins.items()})
    numbers = itertools.count(1)
    own_fronts = OwnFronts(plan.get("own") or (), authority, faults, child.emit, failed, numbers)
    endings.append(own_fronts.stop)
    front = tls_front.Front(
        Evidence(faults.around(application), child.emit, hosts, numbers=numbers),
        authority.server_context(plan["names"] or own_fronts.names, hosts),
        failed,
        host=plan.get("host", "127.0.0.1"),
        port=plan.get("port", 0),
        habits={
            wire_name(name): Habits(wanted.get("idle_timeout_ns"), wanted.get("max_requests"))
            for name, wanted in written.items()
        },
        hosts=hosts,
    )
    served = [] if services is None else [f"moto {services.version}"]
    served += ["Route 53 of chaoskit's own"] * (own is not base)
    served += [f"{own_front['name']} at {own_front['backend']}" for own_front in plan.get("own") or ()]
    served += [f"{name} at {address}" for name, address in stand_ins.items()]
    implementation = f"{', '.join(served) or 'no service'} under cheroot {tls_front.VERSION}"
    child.emit(_ready(implementation, {"front": front.address, **own_fronts.addresses}))
    for begin in began:  # the ready event comes first
        begin()
    return front


def _ready(implementation: str, addresses: dict[str, str]) -> PlaneReady:
    return PlaneReady(
        at=time.monotonic_ns(), plane="service", implementation=implementation, addresses=addresses, pid=os.getpid()
    )


def _moto(
    written: dict[str, dict[str, Any]], stand_ins: dict[str, str], regions: list[str], *, has_own: bool
) -> MockServices | None:
    """The mocks that moto is; None, and moto is not loaded (a second and more), where all services are of the user's own."""
    seeds = {name: state for name, state in written.items() if name not in stand_ins}
    if not seeds and has_own:
        return None
    from chaoskit.aws.service import MockServices

    services = MockServices()
    services.seed(seeds, regions)
    return services


def _nothing(_: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("404 Not Found", [("Content-Length", "0")])
    return []


def _route53(moto: Application, written: dict[str, Any], child: Child) -> Route53:
    """Route 53 with its rules in front of moto's hosted zones; each change that it accepts is told."""
    from chaoskit.aws.route53.control_plane import ControlPlane
    from chaoskit.aws.route53.front import Route53
    from chaoskit.aws.route53.guards import guards_from_json
    from chaoskit.aws.route53.served import change_event
    from chaoskit.aws.route53.spec import behaviour_from_json

    plain = written.get("control_plane") or {}
    guard = guards_from_json(plain.get("guards")).check
    return Route53(moto, ControlPlane(behaviour_from_json(plain), lambda info: child.emit(change_event(info)), guard))


def _placed(services: MockServices, written: dict[str, dict[str, Any]], region: str) -> Application:
    """moto, in front of which stands EC2 that needs a leased droplet for an instance, where the plan has a placement.

    The leases are read from moto's DynamoDB, past every fault.
    """
    placement = written.get("ec2", {}).get("placement")
    if placement is None or written["ec2"].get("backend"):
        return services.application
    from chaoskit.aws.ec2.front import Ec2

    def leases(table: str) -> dict[str, int]:
        items = services.items_of(table, region)
        return {item["id"]["S"]: int(item["expires"]["N"]) for item in items if "expires" in item}

    return Ec2(services.application, placement, leases)


def _fill(route53: Route53, written: dict[str, Any]) -> None:
    """Take over the hosted zones that were made, with what they are to hold at the start."""
    from chaoskit.aws.route53.spec import first_changes

    zones = written.get("hosted_zones") or ()
    records = zones if isinstance(zones, dict) else {}
    route53.adopt_all({name: first_changes(held) for name, held in records.items()})


def _pollers(address: str, zones: Sequence[str], child: Child, failed: Callable[[str], None]) -> list[HostedZonePoller]:
    """What tells changes of the hosted zones of something that answers in moto's place, which cannot tell them itself."""
    from chaoskit.aws.route53.client import Endpoint
    from chaoskit.aws.route53.poller import HostedZonePoller

    endpoint = Endpoint(f"http://{address}")
    return [HostedZonePoller(endpoint, zone, child.emit, failed) for zone in zones]


if __name__ == "__main__":
    main()
