"""Clients under test: calls, attempts, health, and the command of `chaoskit exec`."""

from __future__ import annotations

from typing import Literal, TypeAlias

from chaoskit.journal.events._types import BaseEvent, Instant, Record, Result, Whole


class ErrorLink(Record, frozen=True, kw_only=True):
    """One exception of a chain, outermost first: its class, its text, and ``errno`` where it has one."""

    type: str
    message: str
    errno: Whole | None = None


class ClientReady(BaseEvent, frozen=True, kw_only=True, tag="client_ready"):
    """A client process has loaded its SDK and waits to be started. ``versions`` and ``settings`` say what is tested.

    ``settings`` holds what matters to a reader, as text: ``connection`` (cold, warm, burst), ``retry_mode``, ``every`` … ``every_ns`` is
    the pause between its calls, None where it does not say.
    """

    at: Instant
    client: str
    use: str
    pid: Whole
    versions: dict[str, str]
    settings: dict[str, str]
    every_ns: Whole | None = None


class CallStarted(BaseEvent, frozen=True, kw_only=True, tag="call_started"):
    """A client began call number ``call`` (1-based, its own count). ``due`` is when the schedule wanted it.

    ``concurrent`` is true for a call of a burst, whose lookups cannot be told from its neighbours' with certainty.
    """

    at: Instant
    client: str
    call: Whole
    operation: str
    due: Instant
    concurrent: bool = False


class CallFinished(BaseEvent, frozen=True, kw_only=True, tag="call_finished"):
    """What the application saw: success, or the chain of errors, outermost first."""

    at: Instant
    client: str
    call: Whole
    result: Result
    errors: tuple[ErrorLink, ...] = ()


class AttemptStarted(BaseEvent, frozen=True, kw_only=True, tag="attempt_started"):
    """The SDK began try ``attempt`` (1-based) of a call; ``invocation`` is the id that it puts on the wire."""

    at: Instant
    client: str
    call: Whole
    attempt: Whole
    invocation: str | None = None


class AttemptFinished(BaseEvent, frozen=True, kw_only=True, tag="attempt_finished"):
    """The SDK's own account of one try (for botocore, client-side monitoring's ``ApiCallAttempt``).

    ``latency_ns`` is as the SDK reports it (botocore: whole milliseconds). ``call`` and ``attempt`` are None when the report
    could not be tied to a call: counted, never guessed.
    """

    at: Instant
    client: str
    call: Whole | None
    attempt: Whole | None
    result: Result
    latency_ns: Whole
    status: Whole | None = None
    error: str | None = None


class CommandStarted(BaseEvent, frozen=True, kw_only=True, tag="command_started"):
    """The user's own command (``chaoskit exec``) was let go in ``folder``; ``client`` is what the DNS server calls it."""

    at: Instant
    client: str
    argv: tuple[str, ...]
    folder: str


class CommandFinished(BaseEvent, frozen=True, kw_only=True, tag="command_finished"):
    """The user's own command ended: ``exit_code`` as a shell has it, 128 + n for signal n.

    ``refused`` is the system's reason where it could not even be started.
    """

    at: Instant
    client: str
    exit_code: Whole
    refused: str | None = None


class HealthChecked(BaseEvent, frozen=True, kw_only=True, tag="health_checked"):
    """A client's health endpoint was asked over HTTP; ``status`` is its answer's, None when there was none in time."""

    at: Instant
    client: str
    status: Whole | None
    latency_ns: Whole


class SocketHeld(BaseEvent, frozen=True, kw_only=True, tag="socket_held"):
    """A TCP socket of the user's own command, as the kernel's table showed it from ``since`` to ``at``, looked at several times a second.

    ``peer`` is the far end's ``host:port``; ``state`` is ``SYN_SENT`` while it is dialled and ``ESTABLISHED`` when it is open (proc(5),
    ``/proc/net/tcp``). Sockets that live for less than half a second are not told.
    """

    at: Instant
    client: str
    peer: str
    state: Literal["SYN_SENT", "ESTABLISHED"]
    since: Instant


class ResolverCacheSeen(BaseEvent, frozen=True, kw_only=True, tag="resolver_cache_seen"):
    """A program in the sandbox has a cache between itself and the DNS: ``cache`` is c-ares, JVM or nscd. Each pair is told once."""

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
