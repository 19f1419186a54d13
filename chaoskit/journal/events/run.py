"""The life of a run: its head, its sandbox, the timeline that was planned and what became of it, its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from chaoskit.clock import Instant

SCHEMA_VERSION = 2
"""Version 2: planes are named as in the file (``service``, not ``aws``); an injection carries its target. See ``journal/upgrade.py``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The head of a journal: what is run, by what, and how to run it again.

    ``experiment`` is the whole validated experiment as plain JSON, so ``check`` needs no other file. ``epoch_ns`` is the
    wall clock at ``at``. ``versions`` maps package names to versions.
    """

    kind: Literal["run_started"] = "run_started"
    at: Instant
    schema_version: int = SCHEMA_VERSION
    run_id: str
    title: str
    seed: int
    source: str
    experiment: dict[str, Any]
    epoch_ns: int
    versions: dict[str, str]
    replay: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxReady:
    """Which sandbox the clients run in, why this one, and whether the system's libc resolver is in the path.

    ``resolver``: what each client's resolv.conf says beside its name server, line by line; nothing where all is the resolver's default.
    """

    kind: Literal["sandbox_ready"] = "sandbox_ready"
    at: Instant
    sandbox: str
    libc_exercised: bool
    because: str
    resolver: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneReady:
    """A plane's process listens. ``addresses`` maps what is served to ``host:port``; ``implementation`` names what serves.

    ``silent``: it does not tell which of the connections that were open before a fault the fault met, as Toxiproxy does not.
    """

    kind: Literal["plane_ready"] = "plane_ready"
    at: Instant
    plane: str
    implementation: str
    addresses: dict[str, str]
    pid: int
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectionPlanned:
    """An injection as asked for: ``spans`` are (start, end) instants. Emitted when the timeline is armed.

    ``plane`` is the plane's key in the file. ``target`` has the fields of what it is aimed at, ``where`` says the same for people.
    ``parameters`` are the fault's own, durations in nanoseconds; ``chance`` is the chance of what it may meet to be met. The run counts
    even if an ``optional`` one meets nothing.
    """

    kind: Literal["injection_planned"] = "injection_planned"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineArmed:
    """The run's origin is fixed: instant ``origin`` is 0 s of the experiment, ``ends`` is when no new call starts."""

    kind: Literal["timeline_armed"] = "timeline_armed"
    at: Instant
    origin: Instant
    ends: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectionApplied:
    """A driver that must act (proxy, process) has switched an injection on, and read the new state back.

    It was due at ``due``, the driver began at ``asked`` (None: it does not tell), and ``at`` is when the new state was read: it was off
    before ``asked``, and on from ``at``. Planned DNS injections need no such event: the server compares the clock at each query. Those
    that are asked for while the run goes on (``chaoskit blank`` in ``chaoskit exec``) have one.
    """

    kind: Literal["injection_applied"] = "injection_applied"
    at: Instant
    injection: str
    due: Instant
    asked: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectionLifted:
    """The counterpart of ``InjectionApplied``."""

    kind: Literal["injection_lifted"] = "injection_lifted"
    at: Instant
    injection: str
    due: Instant
    asked: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectionCut:
    """What a window waited for (``because``) came, so it ends at ``ends``, if that is before its planned end.

    ``evidence`` is the ``seq`` of the event that it waited for.
    """

    kind: Literal["injection_cut"] = "injection_cut"
    at: Instant
    injection: str
    ends: Instant
    because: str
    evidence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortConditionMet:
    """A ``condition`` of ``abort_when`` was met, so the run ends before its time. ``evidence`` is the ``seq`` of the call that met it."""

    kind: Literal["abort_condition_met"] = "abort_condition_met"
    at: Instant
    condition: str
    evidence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryChecked:
    """The canary name, which no fault may touch, was looked up; ``ok`` false makes the run invalid."""

    kind: Literal["canary_checked"] = "canary_checked"
    at: Instant
    name: str
    ok: bool
    detail: str
    latency_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HarnessFailed:
    """The harness itself failed; the run is invalid whatever else it shows."""

    kind: Literal["harness_failed"] = "harness_failed"
    at: Instant
    part: str
    message: str

    @property
    def words(self) -> str:
        """For people: the message, and the part that failed where the message does not begin with it."""
        named = self.part in self.message.partition(":")[0].split()
        return self.message if named else f"{self.part} failed: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The last event of a complete journal. ``reason`` is ``finished`` or says why the run stopped short."""

    kind: Literal["run_ended"] = "run_ended"
    at: Instant
    reason: str


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
    | CanaryChecked
    | HarnessFailed
    | RunEnded
)
