"""Where a hunt takes place: a sandbox, the arena in it, and the programs ready to be started."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chaoskit.errors import InputError
from chaoskit.expect import Expectation
from chaoskit.experiment.loader import Experiment
from chaoskit.experiment.plans import dns_plan, service_plan, services_of
from chaoskit.hunt.arena import Arena
from chaoskit.hunt.play import Limits, Play
from chaoskit.hunt.programs import Command
from chaoskit.sandbox.environment import command_environment, plane_environment
from chaoskit.sandbox.namespace import NamespaceSandbox
from chaoskit.sandbox.trust import publish_trust

LABELS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LOOPBACK = "loopback"
"""The listener at 127.0.0.1, for programs that are told their server's address."""


@dataclass(frozen=True, slots=True)
class HuntPlan:
    """What is hunted, where and with whom: an experiment that has the zone, the programs' command lines, and the invariants."""

    experiment: Experiment
    commands: tuple[tuple[str, ...], ...]
    invariants: tuple[Expectation, ...]
    added: Mapping[str, str]
    limits: Limits

    @property
    def labels(self) -> tuple[str, ...]:
        """A for the first program, B for the second."""
        return tuple(LABELS[: len(self.commands)])


@contextlib.asynccontextmanager
async def open_stage(plan: HuntPlan) -> AsyncIterator[Play]:
    """A play that is ready to run. Raises ``SandboxError`` where there are no namespaces, ``PlaneError`` where the arena cannot serve."""
    work = Path(tempfile.mkdtemp(prefix="chaoskit-"))
    output = work / "output"
    output.mkdir()
    sandbox = NamespaceSandbox(work, [work], [])
    try:
        await sandbox.open([*plan.labels])
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    try:
        play = Play((), plan.invariants, plan.limits, output)
        play.arena = Arena(play.hear)
        try:
            argv = sandbox.command([sys.executable, "-m", "chaoskit.hunt"])
            await play.arena.open(argv, _arena_plan(plan, sandbox, work), plane_environment(work))
            play.commands = _commands(plan, sandbox, work)
            yield play
        finally:
            await asyncio.shield(play.arena.close())
    finally:
        await asyncio.shield(sandbox.close())


def _arena_plan(plan: HuntPlan, sandbox: NamespaceSandbox, work: Path) -> Mapping[str, Any]:
    spec = plan.experiment.spec
    resolvers = {label: sandbox.resolver(label) for label in plan.labels} | {LOOPBACK: ("127.0.0.1", 53)}
    dns = dns_plan(spec, (), resolvers, ipv6=False)
    if not dns["updates"].get("zones") and not dns["followed"]:
        raise InputError(
            "no zone of the experiment can change; give one `updates: true` (RFC 2136) or `source: route53`, or leave --experiment out"
        )
    return {"dns": dns, "service": service_plan(spec, (), str(work)) if "route53" in services_of(spec) else None}


def _commands(plan: HuntPlan, sandbox: NamespaceSandbox, work: Path) -> list[Command]:
    spec = plan.experiment.spec
    authority = work / "ca.pem" if "route53" in services_of(spec) else None
    trust = publish_trust(authority) if authority else ()
    environment = command_environment(work, spec.region, authority, plan.added)
    commands = []
    for label, argv in zip(plan.labels, plan.commands, strict=True):
        way = sandbox.way_in(label)
        commands.append(Command(label, argv, environment, replace(way, binds=(*way.binds, *trust))))
    return commands


def hosted_zone_document(zone: str, records: Sequence[tuple[str, int, str, str]]) -> dict[str, Any]:
    """The text of an experiment with one zone that is changed by the Route 53 API. ``records``: name, TTL in seconds, type, data."""
    hosted = {zone: {"records": _by_name(records)}}
    zones = {zone: {"source": "route53"}}
    return _document(zone) | {"services": {"route53": {"hosted_zones": hosted}}, "zones": zones}


def updated_zone_document(
    zone: str, records: Sequence[tuple[str, int, str, str]], keys: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """The same with a zone that is changed by dynamic updates: signed with one of ``keys``, or from loopback if there are none.

    ``keys`` has the ``algorithm`` and ``secret`` (base 64) of each by its name. The zone's name server is at 127.0.0.1, as the arena's is.
    """
    by_name = _by_name(records)
    by_name.setdefault(f"ns.{zone}", {"ttl": "5s", "A": ["127.0.0.1"]})
    updates: Any = {"keys": {name: dict(key) for name, key in keys.items()}} if keys else True
    return _document(zone) | {"services": {}, "zones": {zone: {"updates": updates, "records": by_name}}}


def _document(zone: str) -> dict[str, Any]:
    return {"title": f"a hunt in {zone}", "clients": {}, "duration": "10s"}


def _by_name(records: Sequence[tuple[str, int, str, str]]) -> dict[str, dict[str, Any]]:
    by_name: dict[str, dict[str, Any]] = {}
    for name, ttl, rtype, data in records:
        by_name.setdefault(name, {"ttl": f"{ttl}s"}).setdefault(rtype, []).append(data)
    return by_name
