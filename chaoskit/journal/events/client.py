"""Clients under test: calls, attempts, health, and the command of `chaoskit exec`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.clock import Instant
from chaoskit.journal.events._types import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorLink:
    """One exception of a chain, outermost first: its class, its text, and ``errno`` where it has one."""

    type: str
    message: str
    errno: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientReady:
    """A client process has loaded its SDK and waits to be started. ``versions`` and ``settings`` say what is tested.

    ``settings`` holds what matters to a reader, as text: ``connection`` (cold, warm, burst), ``retry_mode``, ``every`` … ``every_ns`` is
    the pause between its calls, None where it does not say.
    """

    kind: Literal["client_ready"] = "client_ready"
    at: Instant
    client: str
    use: str
    pid: int
    versions: dict[str, str]
    settings: dict[str, str]
    every_ns: int | None = None


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
class CommandStarted:
    """The user's own command (``chaoskit exec``) was let go in ``folder``; ``client`` is what the DNS server calls it."""

    kind: Literal["command_started"] = "command_started"
    at: Instant
    client: str
    argv: tuple[str, ...]
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFinished:
    """The user's own command ended: ``exit_code`` as a shell has it, 128 + n for signal n.

    ``refused`` is the system's reason where it could not even be started.
    """

    kind: Literal["command_finished"] = "command_finished"
    at: Instant
    client: str
    exit_code: int
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChecked:
    """A client's health endpoint was asked over HTTP; ``status`` is its answer's, None when there was none in time."""

    kind: Literal["health_checked"] = "health_checked"
    at: Instant
    client: str
    status: int | None
    latency_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketHeld:
    """A TCP socket of the user's own command, as the kernel's table showed it from ``since`` to ``at``, looked at several times a second.

    ``peer`` is the far end's ``host:port``; ``state`` is ``SYN_SENT`` while it is dialled and ``ESTABLISHED`` when it is open (proc(5),
    ``/proc/net/tcp``). Sockets that live for less than half a second are not told.
    """

    kind: Literal["socket_held"] = "socket_held"
    at: Instant
    client: str
    peer: str
    state: Literal["SYN_SENT", "ESTABLISHED"]
    since: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolverCacheSeen:
    """A program in the sandbox has a cache between itself and the DNS: ``cache`` is c-ares, JVM or nscd. Each pair is told once."""

    kind: Literal["resolver_cache_seen"] = "resolver_cache_seen"
    at: Instant
    program: str
    cache: str


ClientEvent: TypeAlias = (
    ClientReady
    | CallStarted
    | CallFinished
    | AttemptStarted
    | AttemptFinished
    | CommandStarted
    | CommandFinished
    | HealthChecked
    | SocketHeld
    | ResolverCacheSeen
)
