"""The life of a run: its head, its sandbox, the timeline that was planned and what became of it, its end."""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import field

from chaoskit.journal.events._types import BaseEvent, Instant, Whole
from chaoskit.units import MILLISECOND

SCHEMA_VERSION = 2
"""Version 2: planes are named as in the file (``service``, not ``aws``); an injection carries its target. See ``journal/upgrade.py``."""


class RunStarted(BaseEvent, frozen=True, kw_only=True, tag="run_started"):
    """The head of a journal: what is run, by what, and how to run it again.

    ``experiment`` is the whole validated experiment as plain JSON, so ``check`` needs no other file. ``epoch_ns`` is the
    wall clock at ``at``. ``versions`` maps package names to versions.
    """

    at: Instant
    schema_version: Whole = SCHEMA_VERSION
    run_id: str
    title: str
    seed: Whole
    source: str
    experiment: dict[str, Any]
    epoch_ns: Whole
    versions: dict[str, str]
    replay: str


class SandboxReady(BaseEvent, frozen=True, kw_only=True, tag="sandbox_ready"):
    """Which sandbox the clients run in, why this one, and whether the system's libc resolver is in the path.

    ``resolver``: what each client's resolv.conf says beside its name server, line by line; nothing where all is the resolver's default.
    """

    at: Instant
    sandbox: str
    libc_exercised: bool
    because: str
    resolver: tuple[str, ...] = ()


class PlaneReady(BaseEvent, frozen=True, kw_only=True, tag="plane_ready"):
    """A plane's process listens. ``addresses`` maps what is served to ``host:port``; ``implementation`` names what serves.

    ``silent``: it does not tell which of the connections that were open before a fault the fault met, as Toxiproxy does not.
    """

    at: Instant
    plane: str
    implementation: str
    addresses: dict[str, str]
    pid: Whole
    silent: bool = False


class InjectionPlanned(BaseEvent, frozen=True, kw_only=True, tag="injection_planned"):
    """An injection as asked for: ``spans`` are (start, end) instants. Emitted when the timeline is armed.

    ``plane`` is the plane's key in the file. ``target`` has the fields of what it is aimed at, ``where`` says the same for people.
    ``parameters`` are the fault's own, durations in nanoseconds; ``chance`` is the chance of what it may meet to be met. The run counts
    even if an ``optional`` one meets nothing.
    """

    at: Instant
    injection: str
    plane: str
    fault: str
    where: str
    spans: tuple[tuple[Instant, Instant], ...]
    target: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    chance: float = 1.0
    hidden: bool = False
    optional: bool = False


class TimelineArmed(BaseEvent, frozen=True, kw_only=True, tag="timeline_armed"):
    """The run's origin is fixed: instant ``origin`` is 0 s of the experiment, ``ends`` is when no new call starts.

    ``holds`` are the instants at which the run is to wait for a go, in order. Each wait moves ``ends`` and the holds behind it.
    """

    at: Instant
    origin: Instant
    ends: Instant
    holds: tuple[Instant, ...] = ()


class InjectionApplied(BaseEvent, frozen=True, kw_only=True, tag="injection_applied"):
    """A driver that must act (proxy, process) has switched an injection on, and read the new state back.

    It was due at ``due``, the driver began at ``asked`` (None: it does not tell), and ``at`` is when the new state was read: it was off
    before ``asked``, and on from ``at``. Planned DNS injections need no such event: the server compares the clock at each query. Those
    that are asked for while the run goes on (``chaoskit blank`` in ``chaoskit exec``) have one.
    """

    at: Instant
    injection: str
    due: Instant
    asked: Instant | None = None


class InjectionLifted(BaseEvent, frozen=True, kw_only=True, tag="injection_lifted"):
    """The counterpart of ``InjectionApplied``."""

    at: Instant
    injection: str
    due: Instant
    asked: Instant | None = None


class InjectionCut(BaseEvent, frozen=True, kw_only=True, tag="injection_cut"):
    """What a window waited for (``because``) came, so it ends at ``ends``, if that is before its planned end.

    ``evidence`` is the ``seq`` of the event that it waited for.
    """

    at: Instant
    injection: str
    ends: Instant
    because: str
    evidence: Whole


class AbortConditionMet(BaseEvent, frozen=True, kw_only=True, tag="abort_condition_met"):
    """A ``condition`` of ``abort_when`` was met, so the run ends before its time. ``evidence`` is the ``seq`` of the call that met it."""

    at: Instant
    condition: str
    evidence: Whole


class HoldBegun(BaseEvent, frozen=True, kw_only=True, tag="hold_begun"):
    """The experiment's time stands still until somebody says go: the ``number``-th hold, counted from 1.

    ``before`` names the faults that come next, for people, and ``injections`` has their ids; both tell nothing of one that is hidden. What was due after this instant was
    held back with them: ``InjectionPlanned`` tells of it when the hold is over.
    """

    at: Instant
    number: Whole
    before: str
    injections: tuple[str, ...] = ()


class HoldReleased(BaseEvent, frozen=True, kw_only=True, tag="hold_released"):
    """``by`` said go, so the experiment's time goes on at ``resumes``, and no new call of it starts from ``ends`` on."""

    at: Instant
    number: Whole
    by: str
    resumes: Instant
    ends: Instant


WORK_NS = 5 * MILLISECOND
"""Processor time with which each look at the canary measures how busy the machine is: half a percent of one processor."""


class CanaryChecked(BaseEvent, frozen=True, kw_only=True, tag="canary_checked"):
    """The canary name, which no fault may touch, was looked up; ``ok`` false makes the run invalid.

    ``work_ns`` tells how busy the machine was just after: how long a piece of work took that needs ``WORK_NS`` of processor time; None
    where it was not measured.
    """

    at: Instant
    name: str
    ok: bool
    detail: str
    latency_ns: Whole
    work_ns: Whole | None = None


class HarnessFailed(BaseEvent, frozen=True, kw_only=True, tag="harness_failed"):
    """The harness itself failed; the run is invalid whatever else it shows."""

    at: Instant
    part: str
    message: str

    @property
    def words(self) -> str:
        """For people: the part that failed, and its message."""
        return f"{self.part}: {self.message}"


class RunEnded(BaseEvent, frozen=True, kw_only=True, tag="run_ended"):
    """The last event of a complete journal. ``reason`` is ``finished`` or says why the run stopped short.

    ``aborted`` is whether it was ended on purpose; ``reason`` then says who or what asked for it.
    """

    at: Instant
    reason: str
    aborted: bool = False


RunEvent: TypeAlias = (
    RunStarted
    | SandboxReady
    | PlaneReady
    | InjectionPlanned
    | TimelineArmed
    | InjectionApplied
    | InjectionLifted
    | InjectionCut
    | AbortConditionMet
    | HoldBegun
    | HoldReleased
    | CanaryChecked
    | HarnessFailed
    | RunEnded
)
