"""``python -m chaoskit.compose.overlay_container``: the container of ours in somebody's compose project.

It gives itself the addresses of its plan, then starts the planes there. With an experiment it becomes ready, waits for SIGUSR1 (their
services are up), plays it and ends; its standard output is the journal, a line each. Without one it answers honestly until it is
stopped, and ``chaoskit inject`` inside it puts faults on.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import ipaddress
import os
import signal
import socket
import struct
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from chaoskit.clock import WallClock
from chaoskit.compose.hold_bridge import GO_FOLDER
from chaoskit.compose.host_relays import inner_relays
from chaoskit.compose.overlay import READY_FILE, STAGE_FILE, TRUST
from chaoskit.compose.plan import OverlayPlan
from chaoskit.compose.write import every_service
from chaoskit.engine.abort import Abort
from chaoskit.engine.go_file import watch_for_go
from chaoskit.engine.hold_gate import HoldGate
from chaoskit.engine.processes import LocalProcessManager
from chaoskit.engine.runner import RunSettings
from chaoskit.engine.session import Stage, judged, record
from chaoskit.errors import ChaoskitError, SandboxError
from chaoskit.experiment.loader import resolve_plain
from chaoskit.experiment.own_plans import own_addresses, relay_addresses
from chaoskit.experiment.planes import PLANE_KEYS
from chaoskit.experiment.plans import (
    CANARY_LABEL,
    network_plan,
    proxies,
    service_plan,
    services_of,
    with_aliases,
    zones,
)
from chaoskit.experiment.schema import ExperimentSpec, ServiceSpec
from chaoskit.journal.codec import encode_entry
from chaoskit.journal.events import Entry, PlaneReady
from chaoskit.journal.store import Journal
from chaoskit.sandbox.base import LocalProcesses
from chaoskit.sandbox.environment import FAKE_KEY, FAKE_SECRET, client_environment, plane_environment
from chaoskit.units import MINUTE

# bits/ioctls.h: of an interface alias, which is how ioctl(2) puts several addresses on one interface (netdevice(7)).
SIOCGIFADDR, SIOCSIFADDR, SIOCSIFNETMASK = 0x8915, 0x8916, 0x891C
WORK = Path("/tmp")  # noqa: S108 - inside our container
READY_WITHIN_NS = 10 * MINUTE
"""With an experiment, their services start while ours wait."""


class OverlaySandbox(LocalProcesses):
    """Where the planes listen in the overlay's network; see ``engine.ports.Sandbox``. Clients are containers of theirs."""

    name = "overlay"
    libc_exercised = True
    because = "the clients are containers of their own, behind Docker's resolver"
    ipv6 = False

    def __init__(self, plan: OverlayPlan) -> None:
        self._plan = plan

    def resolver(self, label: str) -> tuple[str, int]:
        return self._plan.resolvers.get(label, self._plan.own), 53

    def service(self, address: str, port: int = 443) -> str:
        return f"{address}:{port}"

    async def publish(self, resolvers: dict[str, str], services: dict[str, str]) -> None:
        """All listen: their services may start."""
        _say_ready()

    def command(self, argv: list[str]) -> list[str]:
        return argv

    def client_command(self, label: str, argv: list[str]) -> list[str]:
        return argv

    def adapt(self, name: str, plan: dict[str, Any]) -> dict[str, Any]:
        """Planes also listen in the overlay's network; a client is told of the container that it watches."""
        if name in PLANE_KEYS:
            return plan | {"allow": [self._plan.subnet], "within": [self._plan.subnet]}
        if name == CANARY_LABEL:
            return plan
        return plan | {"probe": (self._plan.probes or {}).get(name), "container": name}


def _say_ready() -> None:
    Path(READY_FILE).touch()


def main() -> None:
    """Read the plan; play, or serve by hand. Exit code 4, with the reason on standard error, when it cannot."""
    plan = OverlayPlan.from_json(Path(STAGE_FILE).read_text(encoding="utf-8"))
    try:
        add_addresses(plan)
        write_credentials(Path(TRUST), plan.region)
        asyncio.run(_play_when_told(plan) if plan.experiment is not None else _by_hand(plan))
    except ChaoskitError as error:
        sys.stderr.write(f"chaoskit: {error}\n")
        sys.exit(error.exit_code)


def add_addresses(plan: OverlayPlan) -> None:
    """Put every address of the plan on the interface that has ``plan.own``. Raises ``SandboxError``."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        interface = _interface(control, plan.own)
        netmask = str(ipaddress.ip_network(plan.subnet).netmask)
        for number, address in enumerate([*plan.resolvers.values(), *plan.addresses.values()], 1):
            alias = f"{interface}:{number}".encode()
            try:
                fcntl.ioctl(control, SIOCSIFADDR, _request(alias, address))
                fcntl.ioctl(control, SIOCSIFNETMASK, _request(alias, netmask))
            except OSError as error:
                raise SandboxError(
                    f"cannot add {address} to {interface}: {error.strerror}; the container needs CAP_NET_ADMIN in its own network"
                ) from error


def _request(name: bytes, address: str) -> bytes:
    return struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(address))


def _interface(control: socket.socket, own: str) -> str:
    for _, name in socket.if_nameindex():
        try:
            answer = fcntl.ioctl(control, SIOCGIFADDR, struct.pack("256s", name.encode()))
        except OSError:  # it has no IPv4 address
            continue
        if socket.inet_ntoa(answer[20:24]) == own:
            return name
    raise SandboxError(f"no interface here has {own}; is this the container of an overlay?")


def write_credentials(folder: Path, region: str) -> None:
    """The files of fake credentials for SDKs that are told of a profile."""
    (folder / "aws-config").write_text(f"[default]\nregion = {region}\n")
    (folder / "aws-credentials").write_text(
        f"[default]\naws_access_key_id = {FAKE_KEY}\naws_secret_access_key = {FAKE_SECRET}\n"
    )


def here(spec: ExperimentSpec, plan: OverlayPlan) -> ExperimentSpec:
    """The experiment's services at their addresses in the overlay's network, instead of on loopback."""
    mocks = {name: spec.aws_services.get(name, ServiceSpec()) for name in services_of(spec)}
    places = services_of(spec) | own_addresses(spec)
    moved = {
        name: service.model_copy(
            update={
                "addresses": tuple(plan.addresses[address] for address in places[name] if address in plan.addresses),
                "availability_zones": None,
            }
        )
        for name, service in (mocks | spec.own_services).items()
    }
    moved |= {
        name: moved[name].model_copy(update={"backend": f"{address}:{port}"})
        for name, (address, port) in relay_addresses(spec).items()
    }
    limits = spec.limits.model_copy(update={"ready_within": READY_WITHIN_NS})
    return spec.model_copy(update={"services": moved, "limits": limits})


async def _play_when_told(plan: OverlayPlan) -> None:
    began = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, began.set)
    await play(plan, began, Path(TRUST))


async def play(plan: OverlayPlan, began: asyncio.Event, trust: Path) -> int:
    """Play the plan's experiment as soon as ``began`` is set; the exit code of its verdicts. The authority is published in ``trust``.

    SIGTERM ends the run before its time; its journal is whole all the same, and says so.
    """
    assert plan.experiment is not None
    whole = resolve_plain(plan.experiment, plan.source)
    experiment = replace(whole, spec=here(whole.spec, plan))
    with Journal() as journal:
        journal.listen(_print)
        sandbox = OverlaySandbox(plan)
        settings = RunSettings(
            run_id=os.environ.get("CHAOSKIT_RUN", "overlay"),
            source=plan.source,
            replay=os.environ.get("CHAOSKIT_REPLAY", ""),
            certificates=str(trust),
        )
        aborted = Abort()
        # Process 1 of a container would not hear it otherwise.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, aborted.ask, "SIGTERM asked for it")
        authority = trust / "ca.pem"
        gate = HoldGate() if experiment.holds else None
        await record(
            experiment,
            settings,
            sandbox,
            journal,
            WORK,
            authority=authority,
            begin=began.wait,
            aborted=aborted,
            beside=partial(_beside, whole.spec, gate),
            gate=gate,
        )
    _, _, outcome = judged(journal.entries, experiment)
    return outcome.exit_code


@contextlib.asynccontextmanager
async def _beside(spec: ExperimentSpec, gate: HoldGate | None, stage: Stage) -> AsyncIterator[None]:
    """What stands beside a run: relays to programs of the host, and the ear for a go."""
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(inner_relays(spec, stage))
        if gate is not None:
            await stack.enter_async_context(watch_for_go(GO_FOLDER, gate, stage))
        yield


def _print(entry: Entry) -> None:
    sys.stdout.write(encode_entry(entry) + "\n")
    sys.stdout.flush()


def _environments(plan: OverlayPlan, trust: Path) -> tuple[dict[str, str], dict[str, str]]:
    return plane_environment(WORK), client_environment(WORK, trust / "ca.pem", plan.region)


async def _by_hand(plan: OverlayPlan) -> None:
    """Mock AWS and proxy as in a run without faults, and ``chaoskit serve`` for DNS, with its control API on loopback."""
    from chaoskit.dns.control.address import DEFAULT, parse_control
    from chaoskit.dns.control.leases import LeaseRules
    from chaoskit.dns.control.standalone import Settings, serve
    from chaoskit.dns.guard import Guard, read_networks
    from chaoskit.dns.listen import Listener
    from chaoskit.dns.zone import Zones

    spec = here(every_service(plan.region), plan)
    sandbox = OverlaySandbox(plan)
    with Journal() as journal:
        journal.listen(lambda _: journal.entries.clear())  # it may run for days, and nobody judges it
        manager = LocalProcessManager(journal, WallClock(), sandbox, *_environments(plan, Path(TRUST)))
        try:
            await _start_planes(manager, spec, sandbox)
            labels = {CANARY_LABEL: plan.own, **plan.resolvers}
            settings = Settings(
                listeners=tuple(Listener(label, address, 53) for label, address in labels.items()),
                zones=Zones.from_plan(zones(spec, ipv6=False)),
                control=parse_control(DEFAULT),
                rules=LeaseRules(longest_ns=spec.limits.longest_fault),
                canary=spec.canary,
                guard=Guard(read_networks([plan.subnet]), 100_000),
                with_aliases=partial(with_aliases, spec),
            )
            serving = asyncio.ensure_future(serve(settings, lambda _: _say_ready()))
            failing = asyncio.ensure_future(manager.failed())
            await asyncio.wait((serving, failing), return_when=asyncio.FIRST_COMPLETED)
            if failing.done():
                raise SandboxError("the mock AWS or the proxy ended; its reason is above")
            serving.result()
        finally:
            await manager.close()


async def _start_planes(manager: LocalProcessManager, spec: ExperimentSpec, sandbox: OverlaySandbox) -> None:
    manager.start_plane("service", service_plan(spec, (), TRUST))
    manager.start_plane("network", network_plan(spec, (), None))
    service = await manager.ready("service")
    assert isinstance(service, PlaneReady)
    manager.send(
        "network", {"do": "populate", "proxies": proxies(spec, service.addresses["front"], sandbox.service, ipv6=False)}
    )
    await manager.ready("network")


if __name__ == "__main__":
    main()
