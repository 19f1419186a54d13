"""Everything that can happen in a run: a closed union of frozen events.

``at`` is when it happened, in nanoseconds on the shared monotonic base (``chaoskit.clock``). Starts and finishes are both written, so a
client that was killed leaves an open call rather than a gap. The JSON form of an event is its fields, ``kind`` included; the journal adds
``seq``. Fields may be added with a default; a field's meaning never changes without a new ``SCHEMA_VERSION``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from chaoskit.clock import Instant
from chaoskit.journal.program_events import CommandFinished as CommandFinished  # noqa: PLC0414 - part of the union
from chaoskit.journal.program_events import CommandStarted as CommandStarted  # noqa: PLC0414
from chaoskit.journal.program_events import HealthChecked as HealthChecked  # noqa: PLC0414
from chaoskit.journal.proxy_events import ControlRequestRefused as ControlRequestRefused  # noqa: PLC0414
from chaoskit.journal.proxy_events import PlaneStalled as PlaneStalled  # noqa: PLC0414

SCHEMA_VERSION = 1

Result: TypeAlias = Literal["ok", "failed", "unknown"]
"""How something ended; *unknown* means that nobody saw its end."""

Plane: TypeAlias = Literal["dns", "network", "aws", "process"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorLink:
    """One exception of a chain, outermost first: its class, its text, and ``errno`` where it has one."""

    type: str
    message: str
    errno: int | None = None


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
    """Which sandbox the clients run in, why this one, and whether the system's libc resolver is in the path."""

    kind: Literal["sandbox_ready"] = "sandbox_ready"
    at: Instant
    sandbox: str
    libc_exercised: bool
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneReady:
    """A plane's process listens. ``addresses`` maps what is served to ``host:port``; ``implementation`` names what serves."""

    kind: Literal["plane_ready"] = "plane_ready"
    at: Instant
    plane: Plane
    implementation: str
    addresses: dict[str, str]
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientReady:
    """A client process has loaded its SDK and waits to be started. ``versions`` and ``settings`` say what is tested.

    ``settings`` holds what matters to a reader: ``connection`` (cold, warm, burst), ``retry_mode``, ``every`` …
    """

    kind: Literal["client_ready"] = "client_ready"
    at: Instant
    client: str
    use: str
    pid: int
    versions: dict[str, str]
    settings: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectionPlanned:
    """An injection as asked for: ``spans`` are (start, end) instants. Emitted when the timeline is armed.

    ``parameters`` are the fault's own, durations in nanoseconds; ``chance`` is the chance of what it may meet to be met.
    """

    kind: Literal["injection_planned"] = "injection_planned"
    at: Instant
    injection: str
    plane: Plane
    fault: str
    where: str
    spans: tuple[tuple[Instant, Instant], ...]
    parameters: dict[str, Any] = field(default_factory=dict)
    chance: float = 1.0
    hidden: bool = False


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
    before ``asked``, and on from ``at``. DNS injections need no such event: the server compares the clock at each query.
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
class QueryAnswered:
    """A DNS query and what became of it.

    ``at`` is its arrival, ``answered_at`` when the reply was handed to the kernel (for a drop, when that was decided).
    ``asker`` is the label of the resolver address that was asked; every client has one of its own, so it names the client.
    ``peer`` is the asker's ``address:port``: glibc asks for A and AAAA from one port, which groups them into a lookup.
    ``reply`` is ``answer``, ``raw``, ``drop`` or ``hangup``; ``rcode`` and ``answers`` speak of an ``answer``.
    ``faults`` are the ids of the injections whose fault changed this reply; ``chance`` dice that said no are not in it.
    ``upstream`` is empty for our own zones; of a question that was passed on it says ``answered``, or why the honest answer is
    SERVFAIL: ``timed out``, ``unreachable``, ``malformed`` or ``too many under way``.
    """

    kind: Literal["query"] = "query"
    at: Instant
    answered_at: Instant
    asker: str
    peer: str
    transport: Literal["udp", "tcp"]
    name: str
    rtype: str
    reply: Literal["answer", "raw", "drop", "hangup"]
    rcode: str
    answers: int
    faults: tuple[str, ...] = ()
    upstream: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOpened:
    """The proxy accepted a connection. ``upstream_peer`` is the proxy's own ``host:port`` towards the service, empty where not told.

    ``toxics`` are the injection ids that were on it from the start, where the proxy tells it then (Toxiproxy, by its log).
    """

    kind: Literal["connection_opened"] = "connection_opened"
    at: Instant
    connection: str
    proxy: str
    peer: str
    upstream_peer: str
    toxics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionClosed:
    """A proxied connection ended. ``toxics`` are the injection ids that touched it; bytes as passed on to each side."""

    kind: Literal["connection_closed"] = "connection_closed"
    at: Instant
    connection: str
    proxy: str
    bytes_up: int
    bytes_down: int
    toxics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestArrived:
    """A request's head reached the mock AWS.

    ``invocation`` is the SDK's ``amz-sdk-invocation-id`` (one per call), ``attempt`` the number in ``amz-sdk-request`` (None when not
    sent). ``connection`` is the ``host:port`` the front saw; ``nth`` the request's 1-based place on it: above 1 means reused.
    """

    kind: Literal["request_arrived"] = "request_arrived"
    at: Instant
    request: int
    service: str
    operation: str
    invocation: str | None
    attempt: int | None
    user_agent: str
    connection: str
    nth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAnswered:
    """The mock AWS has produced the answer to ``request``; ``error`` is the service's error code, if any."""

    kind: Literal["request_answered"] = "request_answered"
    at: Instant
    request: int
    status: int
    error: str | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted:
    """A client began call number ``call`` (1-based, its own count). ``due`` is when the schedule wanted it.

    ``concurrent`` is true for a call of a burst, whose lookups cannot be told from its neighbours' with certainty.
    """

    kind: Literal["call_started"] = "call_started"
    at: Instant
    client: str
    call: int
    operation: str
    due: Instant
    concurrent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFinished:
    """What the application saw: success, or the chain of errors, outermost first."""

    kind: Literal["call_finished"] = "call_finished"
    at: Instant
    client: str
    call: int
    result: Result
    errors: tuple[ErrorLink, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptStarted:
    """The SDK began try ``attempt`` (1-based) of a call; ``invocation`` is the id that it puts on the wire."""

    kind: Literal["attempt_started"] = "attempt_started"
    at: Instant
    client: str
    call: int
    attempt: int
    invocation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFinished:
    """The SDK's own account of one try (for botocore, client-side monitoring's ``ApiCallAttempt``).

    ``latency_ns`` is as the SDK reports it (botocore: whole milliseconds). ``call`` and ``attempt`` are None when the report
    could not be tied to a call: counted, never guessed.
    """

    kind: Literal["attempt_finished"] = "attempt_finished"
    at: Instant
    client: str
    call: int | None
    attempt: int | None
    result: Result
    latency_ns: int
    status: int | None = None
    error: str | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessEnded:
    """A process of the run ended. ``expected`` is false when nobody had asked it to."""

    kind: Literal["process_ended"] = "process_ended"
    at: Instant
    process: str
    exit_code: int
    expected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The last event of a complete journal. ``reason`` is ``finished`` or says why the run stopped short."""

    kind: Literal["run_ended"] = "run_ended"
    at: Instant
    reason: str


Event: TypeAlias = (
    RunStarted
    | SandboxReady
    | PlaneReady
    | ClientReady
    | InjectionPlanned
    | TimelineArmed
    | InjectionApplied
    | InjectionLifted
    | InjectionCut
    | QueryAnswered
    | ConnectionOpened
    | ConnectionClosed
    | ControlRequestRefused
    | PlaneStalled
    | RequestArrived
    | RequestAnswered
    | CallStarted
    | CallFinished
    | AttemptStarted
    | AttemptFinished
    | CommandStarted
    | CommandFinished
    | CanaryChecked
    | HealthChecked
    | HarnessFailed
    | ProcessEnded
    | RunEnded
)

EVENT_TYPES: tuple[type, ...] = get_args(Event)
"""Every class of the union, for codecs and tests."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event in its place in the journal; ``seq`` counts from 1 without gaps."""

    seq: int
    event: Event
