"""Sieve's three patterns of perturbation, and failed calls: schedules made from the trace of an unperturbed run. Pure.

Sieve (Sun et al., "Automatic Reliability Testing for Cluster Management Controllers", OSDI 2022, §3) found 46 bugs in ten controllers by
making them see an intermediate state, a stale state, or not see a state at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from chaoskit.hunt.schedule import CallId, Crash, Failure, Hold, Schedule, StaleRead
from chaoskit.hunt.trace import Trace, TracedCall


@dataclass(frozen=True, slots=True)
class Perturbation:
    """One schedule to try, and what it is in words."""

    words: str
    schedule: Schedule


def crash_between_writes(order: Sequence[str], trace: Trace) -> Iterator[Perturbation]:
    """Intermediate state: a program is killed after a write that another of its own would follow, and started anew."""
    for name in order:
        writes = [call.call for call in trace.calls if call.call.program == name and call.kind == "write"]
        for write, _ in pairwise(writes):
            yield Perturbation(f"{name} is killed after {write}", Schedule(tuple(order), (Crash(write),)))


def reads_from_the_past(order: Sequence[str], trace: Trace) -> Iterator[Perturbation]:
    """Stale state: a read is answered from the version before, and from the first."""
    for read in trace.calls:
        for version in sorted({0, read.version - 1}) if read.kind == "read" and read.version else ():
            words = f"{read.call} sees version {version}, not {read.version}"
            yield Perturbation(words, Schedule(tuple(order), (StaleRead(read.call, version),)))


def missed_event(order: Sequence[str], trace: Trace) -> Iterator[Perturbation]:
    """Unobserved state: a read comes only when two writes of another program are through, so what stood between them is never seen."""
    for reader in order:
        for read in (call.call for call in trace.calls if call.call.program == reader and call.kind == "read"):
            for first, second, after in _writes_of_others(reader, trace.calls):
                first_in_order = (reader, *(name for name in order if name != reader))
                holds = (Hold(read, second), *([Hold(after, read)] if after else []))
                words = f"{read} misses what stood between {first} and {second}"
                yield Perturbation(words, Schedule(first_in_order, holds))


def _writes_of_others(reader: str, calls: Sequence[TracedCall]) -> Iterator[tuple[CallId, CallId, CallId | None]]:
    """Two changes of one other program that follow each other, and the call that it makes after them, if there is one."""
    for name in dict.fromkeys(call.call.program for call in calls if call.call.program != reader):
        own = [call for call in calls if call.call.program == name]
        last = own[-1].call.number
        for first, second in pairwise([call.call for call in own if call.wrote]):
            yield first, second, CallId(name, second.number + 1) if second.number < last else None


def failed_call(order: Sequence[str], trace: Trace) -> Iterator[Perturbation]:
    """A call is answered with a server's error: before it took effect, and, if it is a write, after."""
    for call in trace.calls:
        for failure in (Failure(call.call, "before"), *([Failure(call.call, "after")] if call.kind == "write" else [])):
            yield Perturbation(str(failure), Schedule(tuple(order), (failure,)))


Pattern = Callable[[Sequence[str], Trace], Iterator[Perturbation]]

PATTERNS: Mapping[str, Pattern] = {
    "crash-between-writes": crash_between_writes,
    "reads-from-the-past": reads_from_the_past,
    "missed-event": missed_event,
    "failed-call": failed_call,
}
"""By their names on the command line. The first three are Sieve's: intermediate, stale and unobserved state."""
