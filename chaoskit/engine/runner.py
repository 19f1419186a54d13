"""The runner: the order of a run. It wires planes, clients and sandbox, and keeps no other state than the journal."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import chaoskit
from chaoskit.clock import Clock, Instant
from chaoskit.dns.changing_zone_spec import followed_zones
from chaoskit.engine.abort import Abort
from chaoskit.engine.abort_watcher import AbortWatcher
from chaoskit.engine.hold_gate import GO_NOTICE_NS, HoldGate, OpenCalls
from chaoskit.engine.ports import ProcessManager, Sandbox
from chaoskit.engine.until_watcher import NOTICE_NS, UntilWatcher
from chaoskit.engine.zone_forwarder import ZoneForwarder
from chaoskit.errors import HarnessError
from chaoskit.experiment import plans
from chaoskit.experiment.holds import Hold, held_back, holds_of
from chaoskit.experiment.loader import Experiment
from chaoskit.experiment.own_plans import app_plan, own_proxies, published_key
from chaoskit.experiment.planes import STOPPED
from chaoskit.journal.events import (
    AbortConditionMet,
    HarnessFailed,
    HoldBegun,
    HoldReleased,
    InjectionCut,
    InjectionPlanned,
    PlaneReady,
    RunEnded,
    RunStarted,
    SandboxReady,
    TimelineArmed,
)
from chaoskit.journal.store import Journal
from chaoskit.process.driver import ProcessDriver
from chaoskit.registry import kind_of
from chaoskit.timeline.injection import Injection
from chaoskit.units import format_duration

PACKAGES = ("dnslib", "moto", "cheroot", "toxiproxy-python", "boto3", "botocore")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What is not the experiment's own: names for the journal, where the certificates go, and which proxy to use.

    ``source`` is the experiment as the user named it.
    """

    run_id: str
    source: str
    replay: str
    certificates: str
    toxiproxy: str | None = None
    backends: Mapping[str, str] = field(default_factory=dict)
    """What answers each service of the user's own, as the planes see it."""
    logs: str = ""
    """The folder in which what the user's apps print is kept."""


class Runner:
    """Plays one experiment. ``run`` returns when the journal is complete; how it went is in the journal alone."""

    def __init__(
        self,
        experiment: Experiment,
        settings: RunSettings,
        sandbox: Sandbox,
        manager: ProcessManager,
        journal: Journal,
        command: str | None = None,
        begin: Callable[[], Awaitable[object]] | None = None,
        aborted: Abort | None = None,
        gate: HoldGate | None = None,
    ) -> None:
        """``command`` is the label of the user's own command, which plays beside the experiment's clients, if any; the run ends with it.

        ``begin`` is awaited when every process is ready, before the timeline is armed. When ``aborted`` is set, the run ends before its
        time, in good order: the journal stays, and says that it is not whole. At ``gate`` it waits where the experiment is held; without
        one it is played through.
        """
        self._begin = begin
        self.experiment = experiment
        self.settings = settings
        self._command = command
        self._abort = aborted or Abort()
        spec = experiment.spec
        self._gate = gate
        self._holds = holds_of(experiment.holds, experiment.injections) if gate else ()
        self._clients = [*spec.clients, *([command] if command else [])]
        self._apps = list(spec.apps)
        self._planes = plans.planes_of(spec)
        self.sandbox = sandbox
        self.manager = manager
        self.journal = journal

    async def run(self, clock: Clock) -> None:
        """Start everything, arm the timeline, wait for its end, stop everything.

        A failure of the harness becomes ``HarnessFailed`` in the journal; cancellation goes through, after clean-up.
        """
        self.journal.append(self._header(clock))
        reason, aborted = "finished", False
        try:
            if not await self._unless_aborted(self._whole(clock)):
                reason, aborted = self._abort.because, True
        except HarnessError as error:
            if not any(isinstance(entry.event, HarnessFailed) for entry in self.journal.entries):
                self.journal.append(HarnessFailed(at=clock.now(), part="harness", message=str(error)))
            reason = "the harness failed"
        except TimeoutError:
            waited = self.experiment.spec.limits.ready_within / 1e9
            message = f"not ready after {waited:g} s; see limits.ready_within"
            self.journal.append(HarnessFailed(at=clock.now(), part="start-up", message=message))
            reason = "the harness was not ready in time"
        finally:
            await self.manager.close()
        self.journal.append(RunEnded(at=clock.now(), reason=reason, aborted=aborted))

    async def _whole(self, clock: Clock) -> None:
        async with asyncio.timeout(None) as limit:
            limit.reschedule(asyncio.get_running_loop().time() + self.experiment.spec.limits.ready_within / 1e9)
            await self._start(clock)
            limit.reschedule(None)
        starting = asyncio.ensure_future(self._start_apps())
        await self._unless_failed(starting)
        starting.result()
        if self._begin:
            await self._begin()
        await self._play(clock)

    async def _start_apps(self) -> None:
        """Start the user's apps, all at once, now that they can find their services; each has a time-out of its own."""
        for label in self._apps:
            app = self.experiment.spec.apps[label]
            self.manager.start_client(
                label, "program", app_plan(label, app, self.experiment.source, self.settings.logs)
            )
        for label in self._apps:
            await self.manager.ready(label)

    async def _unless_aborted(self, work: Coroutine[Any, Any, None]) -> bool:
        """Await ``work``; False when the run was aborted before its end, and what had been started has been stopped in order."""
        playing, aborting = asyncio.ensure_future(work), asyncio.ensure_future(self._abort.wait())
        try:
            await asyncio.wait((playing, aborting), return_when=asyncio.FIRST_COMPLETED)
            if playing.done():
                playing.result()
                return True
        finally:
            for task in (playing, aborting):
                task.cancel()
            await asyncio.gather(playing, aborting, return_exceptions=True)
        if any(isinstance(entry.event, TimelineArmed) for entry in self.journal.entries):
            await self._stop()
        return False

    async def _stop(self) -> None:
        """Stop every part: clients first, and whoever asks others before them."""
        started = {plane.key for plane in self._planes}
        for part in (self._clients, self._apps, [plans.CANARY_LABEL], *([key] for key in STOPPED if key in started)):
            await self.manager.stop(part)

    async def _start(self, clock: Clock) -> None:
        spec, manager, sandbox = self.experiment.spec, self.manager, self.sandbox
        labels = [*self._clients, *self._apps, plans.CANARY_LABEL]
        self.journal.append(
            SandboxReady(
                at=clock.now(),
                sandbox=sandbox.name,
                libc_exercised=sandbox.libc_exercised,
                because=sandbox.because,
                resolver=spec.resolver.lines,
            )
        )
        resolvers = {label: sandbox.resolver(label) for label in labels}
        plan_of = plans.plane_plans(
            spec,
            held_back(self.experiment.planes, self._holds),
            resolvers,
            ipv6=sandbox.ipv6,
            certificates=self.settings.certificates,
            toxiproxy=self.settings.toxiproxy,
            backends=self.settings.backends,
        )
        # Slowest first: everything starts at once, and two cores are soon shared by all.
        for plane in self._planes:
            if plane.start_order == 0:
                manager.start_plane(plane.key, plan_of[plane.key])
        for label in self._clients:
            if label == self._command:
                manager.start_client(label, "command", {})
            else:
                client = spec.clients[label]
                plan = plans.client_plan(label, client, spec.region, self.experiment.source, spec.seed)
                manager.start_client(label, client.use, plan)
        for plane in self._planes:
            if plane.start_order > 0:
                manager.start_plane(plane.key, plan_of[plane.key])
        self.journal.listen(ZoneForwarder(followed_zones(spec.zones), lambda command: manager.send("dns", command)))
        canary = {"client": plans.CANARY_LABEL, "name": spec.canary, "every_ns": plans.CANARY_PERIOD_NS}
        manager.start_client(plans.CANARY_LABEL, "canary", canary)
        await self._connect([*self._clients, plans.CANARY_LABEL])

    async def _connect(self, labels: list[str]) -> None:
        """As each part becomes ready, tell the next where it is."""
        services: dict[str, str] = {}
        if any(plane.key == "service" for plane in self._planes):
            spec, sandbox = self.experiment.spec, self.sandbox
            fronts = (await self._plane("service")).addresses
            proxies = plans.proxies(spec, fronts["front"], sandbox.service, ipv6=sandbox.ipv6)
            proxies += own_proxies(spec, fronts, sandbox.service, ipv6=sandbox.ipv6)
            self.manager.send("network", {"do": "populate", "proxies": proxies})
            network = await self._plane("network")
            services = {published_key(spec, name): address for name, address in network.addresses.items()}
        dns = await self._plane("dns")
        await self.sandbox.publish(dns.addresses, services)
        for label in labels:
            await self.manager.ready(label)

    async def _plane(self, name: str) -> PlaneReady:
        ready = await self.manager.ready(name)
        assert isinstance(ready, PlaneReady)
        return ready

    async def _play(self, clock: Clock) -> None:
        """From arming to the end of the last call."""
        origin = clock.now() + NOTICE_NS
        ends = origin + self.experiment.duration_ns
        held = {injection.id for hold in self._holds for injection in hold.injections}
        first = [injection for injection in self.experiment.injections if injection.id not in held]
        self._begin_part(clock, first, origin)
        holds = tuple(origin + hold.at for hold in self._holds)
        self.journal.append(TimelineArmed(at=clock.now(), origin=origin, ends=ends, holds=holds))
        for plane in self._planes:
            self.manager.send(plane.key, {"do": "arm", "origin": origin})
        self.journal.listen(AbortWatcher(self.experiment.spec.abort_when, self._abort_because))
        calls = OpenCalls()
        if self._holds:
            self.journal.listen(calls)
        latest = ends + len(self._holds) * self.experiment.spec.limits.longest_hold
        for client in [*self._apps, *self._clients, plans.CANARY_LABEL]:
            self.manager.send(client, {"do": "start", "origin": origin, "ends": latest})
        playing = asyncio.ensure_future(self._run_timeline(clock, origin, ends, first))
        await self._unless_failed(playing, *([self.manager.ended([self._command])] if self._command else []))
        if self._holds:
            ends = playing.result()
            finishing = asyncio.ensure_future(calls.ended(ends))
        else:
            finishing = asyncio.ensure_future(self.manager.ended([self._command] if self._command else self._clients))
        grace = clock.sleep_until(ends + self.experiment.spec.limits.grace)
        await self._unless_failed(grace, finishing)
        await self._stop()

    async def _run_timeline(
        self, clock: Clock, origin: Instant, ends: Instant, part: Sequence[Injection[Any, Any]]
    ) -> Instant:
        """Bring about the faults of processes, and wait at the holds. Returns at the end of the experiment: when that is."""
        for hold in self._holds:
            due = origin + hold.at
            await self._run_process_faults(clock, part, origin, due)
            resumes = await self._hold(clock, hold, due, ends)
            origin, ends, part = origin + resumes - due, ends + resumes - due, hold.injections
            self._begin_part(clock, part, origin)
            for plane in self._planes:
                self.manager.send(plane.key, {"do": "event", "name": hold.event, "at": resumes})
        await self._run_process_faults(clock, part, origin, ends)
        return ends

    async def _hold(self, clock: Clock, hold: Hold, due: Instant, ends: Instant) -> Instant:
        """Wait for a go; the instant at which the experiment's time goes on. Aborts the run where nobody says it in time."""
        assert self._gate is not None
        begun = HoldBegun(at=clock.now(), number=hold.number, before=hold.before, injections=hold.shown)
        self.journal.append(begun)
        longest = self.experiment.spec.limits.longest_hold
        waiting = asyncio.ensure_future(self._gate.wait())
        limit = asyncio.ensure_future(clock.sleep_until(due + longest))
        try:
            await asyncio.wait((waiting, limit), return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                self._abort.ask(f"nobody said go within {format_duration(longest)} (limits.longest_hold)")
            by = await waiting  # an abort cancels this
        finally:
            waiting.cancel()
            limit.cancel()
        now = clock.now()
        resumes = now + GO_NOTICE_NS
        self.journal.append(HoldReleased(at=now, number=hold.number, by=by, resumes=resumes, ends=ends + resumes - due))
        return resumes

    def _begin_part(self, clock: Clock, injections: Sequence[Injection[Any, Any]], origin: Instant) -> None:
        """Journal what is planned up to the next hold, and watch its windows that wait for something; 0 s is ``origin`` for them."""
        planned = {injection.id for injection in injections}
        for plane, of_plane in self.experiment.planes.items():
            for injection in [injection for injection in of_plane if injection.id in planned]:
                spans = injection.when.spans(self.experiment.duration_ns)
                absolute = tuple((origin + start, origin + end) for start, end in spans)
                self.journal.append(planned_event(clock.now(), plane, injection, absolute))
        self.journal.listen(UntilWatcher(injections, origin, self._end_early))

    def _end_early(self, cut: InjectionCut) -> None:
        self.journal.append(cut)
        for plane in self._planes:
            self.manager.send(plane.key, {"do": "event", "name": cut.because, "at": cut.ends})

    def _abort_because(self, met: AbortConditionMet) -> None:
        self.journal.append(met)
        self._abort.ask(f"{met.condition} (abort_when)")

    async def _run_process_faults(
        self, clock: Clock, part: Sequence[Injection[Any, Any]], origin: int, ends: int
    ) -> None:
        """Bring about those faults of processes that are in ``part``; returns at ``ends``."""
        names = {injection.id for injection in part}
        faults = tuple(injection for injection in self.experiment.planes["process"] if injection.id in names)
        await ProcessDriver(faults, self.manager, self.journal.append, clock).run(origin, ends)

    async def _unless_failed(self, *awaited: Any) -> None:
        """Wait for the first of ``awaited``; raise ``HarnessError`` if a process fails before."""
        tasks = [asyncio.ensure_future(condition) for condition in awaited]
        failure = asyncio.ensure_future(self.manager.failed())
        try:
            await asyncio.wait([*tasks, failure], return_when=asyncio.FIRST_COMPLETED)
            if failure.done():
                failure.result()
                raise HarnessError("a process of the run failed; the events before this one say which")
        finally:
            for task in (*tasks, failure):
                task.cancel()
            await asyncio.gather(*tasks, failure, return_exceptions=True)

    def _header(self, clock: Clock) -> RunStarted:
        return RunStarted(
            at=clock.now(),
            run_id=self.settings.run_id,
            title=self.experiment.spec.title,
            seed=self.experiment.spec.seed,
            source=self.settings.source,
            experiment=self.experiment.plain,
            epoch_ns=time.time_ns(),
            versions=_versions(),
            replay=self.settings.replay,
        )


def planned_event(
    at: Instant, plane: str, injection: Injection[Any, Any], spans: tuple[tuple[Instant, Instant], ...]
) -> InjectionPlanned:
    """The event that tells of ``injection``, which is on in ``spans``."""
    return InjectionPlanned(
        at=at,
        injection=injection.id,
        plane=plane,
        fault=kind_of(injection.fault),
        target={name: value for name, value in asdict(injection.where).items() if value not in (None, ())},
        parameters=asdict(injection.fault),
        chance=injection.chance,
        where=injection.where.describe(),
        spans=spans,
        hidden=injection.hidden,
        optional=injection.optional,
    )


def _versions() -> dict[str, str]:
    versions = {"chaoskit": chaoskit.__version__, "python": sys.version.split()[0]}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions
