"""The derived figures of each client: the one source of every number on the page, in the summary and in the terminal.

Everything here is a pure function of the journal. None stands for "the journal does not show it", never for zero. Lengths
of time are nanoseconds; shares are from 0 to 1.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.clock import Instant
from chaoskit.journal.calls import Call, root_of
from chaoskit.journal.events import ClientReady, ErrorLink
from chaoskit.journal.lookups import Lookup
from chaoskit.journal.recovery import Recovery
from chaoskit.journal.run import PHASES, Phase, Run
from chaoskit.journal.trouble import Pace
from chaoskit.report.meanings import meaning_of
from chaoskit.spread import Spread, spread

Effect: TypeAlias = Literal[
    "unaffected", "unharmed", "slowed", "retried", "partly", "down", "unfinished", "untested", "unreported"
]
"""What the fault did to a client, from its calls in the fault.

*unaffected*: all succeeded at the first attempt, and none is known to have met the fault; *unharmed*: some met it, and all succeeded at
the first attempt and at the client's own pace; *slowed*: all succeeded, some far slower than its pace; *retried*: all succeeded, some
only after retries; *partly*: some did not succeed; *down*: none did; *unfinished*: none came to an end; *untested*: there were none;
*unreported*: it is a command of the user's own, which tells no calls.
"""

UNREPORTED = ("exec", "program")
"""Clients that are programs of the user's own, whose calls nobody tells."""

ConnectionUse: TypeAlias = Literal["pooled", "dialed", "unseen"]
"""How a call travelled: over a connection opened earlier without any lookup, over one it had to open, or the journal does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseCount:
    """Calls of one client that *started* in one phase, by what became of them."""

    phase: Phase
    ok: int
    failed: int
    unknown: int

    @property
    def calls(self) -> int:
        """All of them."""
        return self.ok + self.failed + self.unknown

    @property
    def share_ok(self) -> float | None:
        """Share that succeeded; None without calls."""
        return self.ok / self.calls if self.calls else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepStep:
    """Back-off measured between the end of attempt ``after`` and the start of the next one."""

    after: int
    slept_ns: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorSeen:
    """One kind of failure as the application saw it: outermost class, and the root cause under it. ``seq`` is its first sight."""

    count: int
    type: str
    root_type: str
    root_message: str
    errno: int | None
    meaning: str | None
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFigures:
    """What one client lived through. ``pace`` is how long its calls take when nothing is wrong.

    ``gap_ns`` is the longest time in which no call succeeded, from the first call to the end of the run. ``pooled`` of ``carried`` calls
    went over a connection opened earlier, without a lookup; ``carried`` counts the calls for which the journal tells.
    ``lookups_empty_in_fault`` of ``lookups_in_fault`` got no address. ``late_ns`` is how far behind its schedule calls started.
    """

    name: str
    use: str
    versions: dict[str, str]
    settings: dict[str, str]
    fate: Effect
    phases: tuple[PhaseCount, ...]
    lookups: int
    lookups_in_fault: int
    lookups_empty_in_fault: int
    attempts: int
    attempts_per_failed: Spread | None
    failed_after_ns: Spread | None
    sleeps: tuple[SleepStep, ...]
    longest: Call | None
    gap_ns: int | None
    errors: tuple[ErrorSeen, ...]
    pooled: int
    carried: int
    recovery: Recovery
    pace: Pace | None
    late_ns: Spread | None

    def phase(self, phase: Phase) -> PhaseCount:
        """The counts of one phase."""
        return next(count for count in self.phases if count.phase == phase)

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(count.calls for count in self.phases)

    @property
    def ok(self) -> int:
        """Calls that succeeded."""
        return sum(count.ok for count in self.phases)

    @property
    def failed(self) -> int:
        """Calls that failed."""
        return sum(count.failed for count in self.phases)

    @property
    def unknown(self) -> int:
        """Calls whose end nobody saw."""
        return sum(count.unknown for count in self.phases)


def carriage(call: Call) -> ConnectionUse:
    """How ``call`` travelled."""
    if call.pooled:
        return "pooled"
    if call.lookups or any(attempt.reused is False for attempt in call.attempts):
        return "dialed"
    return "unseen"


def no_address(lookup: Lookup) -> bool:
    """Whether a lookup got no address, whatever the reason."""
    return lookup.answers == 0


def all_figures(run: Run) -> tuple[ClientFigures, ...]:
    """The figures of every client, in the experiment's order."""
    looked: dict[str, list[Lookup]] = defaultdict(list)
    for lookup in run.lookups:
        looked[lookup.client].append(lookup)
    return tuple(_figures(run, client, looked[name]) for name, client in run.clients.items())


def calls_under_fault(run: Run, client: str) -> list[Call]:
    """The calls that started in a fault; when none did, those that were under way during one."""
    started = run.calls_in(client, "fault")
    return started or [call for call in run.calls[client] if run.under_fault(call)]


def _figures(run: Run, client: ClientReady, lookups: Sequence[Lookup]) -> ClientFigures:
    calls = run.calls[client.client]
    failed = [call for call in calls if call.result == "failed"]
    in_fault = [lookup for lookup in lookups if run.phase_at(lookup.started) == "fault"]
    ways = Counter(carriage(call) for call in calls)
    return ClientFigures(
        name=client.client,
        use=client.use,
        versions=dict(client.versions),
        settings=dict(client.settings),
        fate="unreported" if client.use in UNREPORTED else _effect(run, client.client),
        phases=_phases(run, calls),
        lookups=len(lookups),
        lookups_in_fault=len(in_fault),
        lookups_empty_in_fault=sum(map(no_address, in_fault)),
        attempts=sum(len(call.attempts) for call in calls),
        attempts_per_failed=spread(len(call.attempts) for call in failed if call.attempts),
        failed_after_ns=spread(call.elapsed_ns for call in failed if call.elapsed_ns is not None),
        sleeps=_sleeps(calls),
        longest=max(calls, key=lambda call: _waited(run, call), default=None),
        gap_ns=_gap(run, calls),
        errors=_errors(failed),
        pooled=ways["pooled"],
        carried=ways["pooled"] + ways["dialed"],
        recovery=run.recovery(client.client),
        pace=run.paces[client.client],
        late_ns=spread(max(0, call.started - call.due) for call in calls),
    )


def _effect(run: Run, client: str) -> Effect:
    calls = calls_under_fault(run, client)
    ok = [call for call in calls if call.result == "ok"]
    if not calls:
        return "untested"
    if len(ok) < len(calls):
        return "partly" if ok else "unfinished" if all(call.result == "unknown" for call in calls) else "down"
    if any(call.troubled for call in ok):
        return "retried"
    if any(call.number in run.slow[client] for call in ok):
        return "slowed"
    return "unharmed" if any(call.number in run.met_by.get(client, {}) for call in ok) else "unaffected"


def _phases(run: Run, calls: Sequence[Call]) -> tuple[PhaseCount, ...]:
    counted = Counter((run.phase_of(call), call.result) for call in calls)
    return tuple(
        PhaseCount(
            phase=phase, ok=counted[phase, "ok"], failed=counted[phase, "failed"], unknown=counted[phase, "unknown"]
        )
        for phase in PHASES
    )


def _sleeps(calls: Sequence[Call]) -> tuple[SleepStep, ...]:
    steps: dict[int, list[int]] = defaultdict(list)
    for call in calls:
        for attempt in call.attempts:
            if attempt.slept_ns is not None:
                steps[attempt.number - 1].append(attempt.slept_ns)
    spreads = ((after, spread(samples)) for after, samples in sorted(steps.items()))
    return tuple(SleepStep(after=after, slept_ns=slept) for after, slept in spreads if slept)


def last_instant(run: Run) -> Instant:
    """The last instant of which the journal tells anything."""
    return run.last_instant


def _waited(run: Run, call: Call) -> int:
    """How long the application waited for ``call``; for one that never ended, at least until the journal's end."""
    return call.elapsed_ns if call.elapsed_ns is not None else max(0, last_instant(run) - call.started)


def _gap(run: Run, calls: Sequence[Call]) -> int | None:
    if not calls:
        return None
    begin = min(call.started for call in calls)
    end = max(begin, min(run.ends, last_instant(run)))
    successes = sorted(call.finished for call in calls if call.result == "ok" and call.finished is not None)
    marks = [begin, *successes, max(end, successes[-1] if successes else end)]
    return max(later - earlier for earlier, later in itertools.pairwise(marks))


def _errors(failed: Sequence[Call]) -> tuple[ErrorSeen, ...]:
    groups: dict[tuple[str, str, int | None], list[Call]] = defaultdict(list)
    nothing = ErrorLink(type="no error reported", message="")
    for call in failed:
        outer, root = (call.errors[0] if call.errors else nothing), (root_of(call.errors) or nothing)
        groups[outer.type, root.type, root.errno].append(call)
    figures = []
    for (outer_type, root_type, errno), calls in groups.items():
        root = root_of(calls[0].errors) or nothing
        figures.append(
            ErrorSeen(
                count=len(calls),
                type=outer_type,
                root_type=root_type,
                root_message=root.message,
                errno=errno,
                meaning=meaning_of(root),
                seq=calls[0].evidence[-1],
            )
        )
    return tuple(sorted(figures, key=lambda error: -error.count))
