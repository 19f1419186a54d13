"""What a watcher may know of a run so far: one small state, moved on by each journal entry.

Only open injections are in it. In a drill (a run with a hidden injection) the record's state is withheld too, for it would tell.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chaoskit.clock import Instant
from chaoskit.errors import HarnessError
from chaoskit.journal import events as ev
from chaoskit.journal.calls import root_of
from chaoskit.journal.events import Entry, ErrorLink
from chaoskit.journal.run import NOT_JUDGED
from chaoskit.units import MILLISECOND, SECOND, format_duration

RECENT = 24
"""Calls in a client's strip."""

ANSWERING = "answering"

BACKOFF_LEAST = 100 * MILLISECOND
"""A pause after a failed attempt is called a back-off once it has lasted this long; before that the call may just be ending."""


@dataclass(slots=True)
class OpenCall:
    """A call under way. ``waiting`` is the instant at which its last attempt failed, None while one is being made."""

    started: Instant
    attempt: int = 0
    waiting: Instant | None = None


@dataclass(slots=True)
class ClientState:
    """One client so far. ``phase_ok`` of ``phase_done`` calls that ended in the present phase succeeded."""

    name: str
    started: int = 0
    ok: int = 0
    failed: int = 0
    phase_ok: int = 0
    phase_done: int = 0
    attempts: int = 0
    error: str = ""
    under_way: dict[int, OpenCall] = field(default_factory=dict)
    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT))

    def now(self, at: Instant) -> str:
        """What it is doing at ``at``, in a few words."""
        if len(self.under_way) > 1:
            return f"{len(self.under_way)} calls under way"
        for call in self.under_way.values():
            if call.waiting is not None and at - call.waiting >= BACKOFF_LEAST:
                return f"in back-off {tenths(at - call.waiting)}, attempt {call.attempt} failed"
            if at - call.started >= SECOND:
                return f"attempt {max(1, call.attempt)}, call under way {tenths(at - call.started)}"
        if self.recent and not self.recent[-1]:
            tries = f" ({self.attempts} attempt{'' if self.attempts == 1 else 's'})" if self.attempts else ""
            return f"failed: {self.error}{tries}"
        return "ok" if self.recent else "ready"


@dataclass(slots=True)
class RunState:
    """The run so far. Call it with each entry. ``starting`` are the words of what has become ready; ``notices`` what went wrong."""

    title: str = ""
    sandbox: str = ""
    begun: Instant | None = None
    origin: Instant | None = None
    ends: Instant | None = None
    ended: str | None = None
    drill: bool = False
    phase: str = "starting"
    latest: Instant = 0
    starting: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    clients: dict[str, ClientState] = field(default_factory=dict)
    record: dict[str, dict[str, tuple[Instant, str]]] = field(default_factory=dict)
    spans: list[tuple[Instant, Instant, str]] = field(default_factory=list)
    held: str | None = None
    """What the run waits before, for somebody's go."""
    holds: tuple[Instant, ...] = ()
    """When it is to wait next, and after that, as far as is known before the waits themselves."""
    resumes: Instant = 0
    """When the experiment goes on after the latest go."""
    go_by: str = ""
    planned: dict[str, str] = field(default_factory=dict)
    blanks: dict[str, tuple[str, tuple[tuple[Instant, Instant], ...]]] = field(default_factory=dict)

    def __call__(self, entry: Entry) -> None:
        """Move on by one entry."""
        event = entry.event
        handle = _HANDLERS.get(type(event))
        if handle:
            handle(self, event)

    def settle_phase(self, at: Instant) -> bool:
        """Enter the phase that ``at`` is in; tells whether it is a new one.

        Entries of several processes come a little out of order; a late one never turns the phase back. The counts of the last phase
        stay to be read when the run is over.
        """
        self.latest = max(self.latest, at)
        phase = self.phase_at(self.latest)
        if phase == self.phase:
            return False
        self.phase = phase
        if phase not in ("finishing calls", "ended"):
            for client in self.clients.values():
                client.phase_ok = client.phase_done = 0
        return True

    def phase_at(self, at: Instant) -> str:
        """The phase in words, by the open injections only."""
        if self.ended is not None:
            return "ended"
        if self.origin is None or at < self.origin:
            return "starting"
        if self.held is not None:
            return f"held before {self.held}, until somebody says go"
        if at < self.resumes:
            return f"go, said by {self.go_by}"
        if self.ends is not None and at >= self.ends:
            return "finishing calls"
        active = [what for start, end, what in self.spans if start <= at < end]
        if active:
            return "fault: " + " + ".join(dict.fromkeys(active))
        if not self.spans:
            return "baseline" if self.holds else "running"
        return "baseline" if at < min(start for start, _, _ in self.spans) else "recovery"

    def next_change(self, at: Instant) -> Instant | None:
        """The next instant at which the phase changes; None when none is known."""
        edges = [edge for start, end, _ in self.spans for edge in (start, end)]
        if self.ends is not None:
            edges = [edge for edge in edges if edge < self.ends] + [self.ends]
        edges += [*self.holds[:1], self.resumes]
        if self.origin is not None:
            edges.append(self.origin)
        return min((edge for edge in edges if edge > at), default=None)

    def record_words(self) -> str:
        """What the DNS log last saw of each name that clients asked for."""
        if self.drill:
            return "withheld (drill)"
        if not self.record:
            return "not asked for yet"
        names = [(name, self._state_of(name)) for name in self.record]
        if len(names) == 1:
            return names[0][1]
        shown = "; ".join(f"{name} {state}" for name, state in names[:3])
        return shown + (f"; {len(names) - 3} more" if len(names) > 3 else "")

    def _state_of(self, name: str) -> str:
        """What is known of one name: one address of either family is enough, whatever the other one got.

        What was answered before the last fault began or ended says nothing of now, unless nobody has asked since.
        """
        edges = [edge for start, end, _ in self.spans for edge in (start, end) if edge <= self.latest]
        answers = self.record[name].values()
        last = max(at for at, _ in answers)
        fault, spans = self.blanks.get(name, ("", ()))
        if last < max(edges, default=0) and any(start <= self.latest < end for start, end in spans):
            return f"{fault.upper()} (nobody asked)"
        since = max((edge for edge in edges if edge <= last), default=0)
        fresh = [words for at, words in answers if at >= since]
        return ANSWERING if ANSWERING in fresh else fresh[-1]


def tenths(ns: int) -> str:
    """Seconds with one decimal, for figures that move."""
    return f"{ns / SECOND:.1f} s"


def _since(state: RunState, at: Instant) -> str:
    return format_duration(max(0, at - state.begun)) if state.begun is not None else ""


def _run_started(state: RunState, event: ev.RunStarted) -> None:
    state.title, state.begun = event.title, event.at


def _sandbox_ready(state: RunState, event: ev.SandboxReady) -> None:
    state.sandbox = event.sandbox
    state.starting.append(f"{event.sandbox} sandbox ready after {_since(state, event.at)}")
    if not event.libc_exercised:
        state.starting.append("libc is not exercised in this sandbox")


def _plane_ready(state: RunState, event: ev.PlaneReady) -> None:
    state.starting.append(f"{event.plane} ready after {_since(state, event.at)} ({event.implementation})")


def _client_ready(state: RunState, event: ev.ClientReady) -> None:
    if event.use not in NOT_JUDGED:
        state.clients[event.client] = ClientState(event.client)
    state.starting.append(f"client {event.client} ready after {_since(state, event.at)}")


def _injection_planned(state: RunState, event: ev.InjectionPlanned) -> None:
    if event.hidden:
        state.drill = True
        return
    state.planned[event.injection] = what = f"{event.fault} on {event.where}"
    state.spans.extend((start, end, what) for start, end in event.spans)
    if event.plane == "dns" and (name := event.target.get("name")):
        state.blanks[name] = (event.fault, event.spans)


def _injection_cut(state: RunState, event: ev.InjectionCut) -> None:
    planned = state.planned.get(event.injection)
    if planned is None:
        return  # hidden
    for place, (start, end, what) in enumerate(state.spans):
        if what == planned:
            state.spans[place] = (start, max(start, min(end, event.ends)), what)


def _timeline_armed(state: RunState, event: ev.TimelineArmed) -> None:
    state.origin, state.ends, state.holds = event.origin, event.ends, event.holds


def _hold_begun(state: RunState, event: ev.HoldBegun) -> None:
    state.held, state.ends = event.before, None


def _hold_released(state: RunState, event: ev.HoldReleased) -> None:
    state.held, state.ends, state.resumes, state.go_by = None, event.ends, event.resumes, event.by
    if state.holds:
        waited = event.resumes - state.holds[0]
        state.holds = tuple(hold + waited for hold in state.holds[1:])


def _query(state: RunState, event: ev.QueryAnswered) -> None:
    if event.asker not in state.clients:
        return  # the canary's, or a stranger's
    if event.answers:
        words = ANSWERING
    elif event.reply != "answer":
        words = f"no usable reply ({event.reply})"
    else:
        words = "EMPTY (NODATA)" if event.rcode == "NOERROR" else event.rcode
    state.record.setdefault(event.name, {})[event.rtype] = (event.answered_at, words)


def _call_started(state: RunState, event: ev.CallStarted) -> None:
    client = state.clients.setdefault(event.client, ClientState(event.client))
    client.started += 1
    client.under_way[event.call] = OpenCall(event.at)


def _attempt_started(state: RunState, event: ev.AttemptStarted) -> None:
    client = state.clients.get(event.client)
    if client and (call := client.under_way.get(event.call)):
        call.attempt, call.waiting = max(call.attempt, event.attempt), None


def _attempt_finished(state: RunState, event: ev.AttemptFinished) -> None:
    client = state.clients.get(event.client)
    if client and event.call is not None and (call := client.under_way.get(event.call)):
        call.attempt = max(call.attempt, event.attempt or 0)
        call.waiting = event.at if event.result == "failed" else None


def _call_finished(state: RunState, event: ev.CallFinished) -> None:
    client = state.clients.setdefault(event.client, ClientState(event.client))
    call = client.under_way.pop(event.call, None)
    ok = event.result == "ok"
    client.ok += ok
    client.failed += not ok
    client.phase_ok += ok
    client.phase_done += 1
    client.recent.append(ok)
    if not ok:
        client.attempts = call.attempt if call else 0
        client.error = _short(event.errors)


def _short(errors: tuple[ErrorLink, ...]) -> str:
    """The root of an error chain in two words: ``gaierror -5``."""
    root = root_of(errors)
    if root is None:
        return "no error reported"
    name = root.type.rsplit(".", 1)[-1]
    return name if root.errno is None else f"{name} {root.errno}"


def _canary(state: RunState, event: ev.CanaryChecked) -> None:
    if not event.ok:
        state.notices.append(f"canary {event.name} does not resolve: {event.detail}")


def _harness_failed(state: RunState, event: ev.HarnessFailed) -> None:
    state.notices.append(f"harness failure: {event.words}")


def _process_ended(state: RunState, event: ev.ProcessEnded) -> None:
    if not event.expected and event.exit_code != HarnessError.exit_code:  # such a process says itself what is wrong
        state.notices.append(f"process {event.process} ended by itself with exit code {event.exit_code}")


def _container_changed(state: RunState, event: ev.ContainerChanged) -> None:
    if event.change in ("died", "out of memory", "unhealthy"):
        code = f" with exit code {event.exit_code}" if event.exit_code is not None else ""
        state.notices.append(f"container {event.container}: {event.change}{code}")


def _app_ended(state: RunState, event: ev.AppEnded) -> None:
    state.notices.append(f"app {event.client} ended by itself with exit code {event.exit_code}")


def _run_ended(state: RunState, event: ev.RunEnded) -> None:
    state.ended = event.reason


_HANDLERS: dict[type, Callable[[RunState, Any], None]] = {
    ev.RunStarted: _run_started,
    ev.SandboxReady: _sandbox_ready,
    ev.PlaneReady: _plane_ready,
    ev.ClientReady: _client_ready,
    ev.InjectionPlanned: _injection_planned,
    ev.TimelineArmed: _timeline_armed,
    ev.InjectionCut: _injection_cut,
    ev.HoldBegun: _hold_begun,
    ev.HoldReleased: _hold_released,
    ev.QueryAnswered: _query,
    ev.CallStarted: _call_started,
    ev.AttemptStarted: _attempt_started,
    ev.AttemptFinished: _attempt_finished,
    ev.CallFinished: _call_finished,
    ev.CanaryChecked: _canary,
    ev.HarnessFailed: _harness_failed,
    ev.ProcessEnded: _process_ended,
    ev.ContainerChanged: _container_changed,
    ev.AppEnded: _app_ended,
    ev.RunEnded: _run_ended,
}
