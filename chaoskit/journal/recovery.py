"""How a client came back after each fault. Pure.

Recovery is judged per fault: injections that overlap in time are one fault, and what comes after a fault is seen until the next one
begins. So a client that was in trouble for five seconds after the record's return is not excused by a later fault that ended well.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.clock import Instant
from chaoskit.journal.calls import Call
from chaoskit.journal.events import InjectionPlanned

Status: TypeAlias = Literal["unnoticed", "unharmed", "recovered", "not back", "unknown"]
"""*unnoticed*: no call met the fault or was troubled; *unharmed*: calls met it, and none was troubled; *recovered*: it was troubled and
is well again; *not back*: it was troubled to the end of what was seen; *unknown*: nothing shows how it fared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One fault: the injections that overlap, from the first to the last instant of any. It is watched ``until`` the next one begins."""

    injections: tuple[str, ...]
    start: Instant
    end: Instant
    until: Instant

    @property
    def seen_ns(self) -> int:
        """How long what came after it was watched."""
        return max(0, self.until - self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How one client came back from ``episode``; None where no fault was planned.

    ``lag_ns`` counts from the end of the fault to the end of the last troubled call, or, where that one failed, to the end of the first
    success after it; it is below 0 for a client that was well again before the fault ended. It is None unless it *recovered*.
    ``longest_ns`` is the longest call that succeeded far slower than usual; None if none did.
    """

    status: Status
    episode: Episode | None = None
    lag_ns: int | None = None
    longest_ns: int | None = None
    met: int = 0
    evidence: tuple[int, ...] = ()

    @property
    def noticed(self) -> bool:
        """Whether a call of it met the fault or was troubled, as far as is known."""
        return self.status in ("unharmed", "recovered", "not back")


def episodes_of(injections: Sequence[InjectionPlanned], ends: Instant) -> tuple[Episode, ...]:
    """The faults of a run that lasts until ``ends``, in order."""
    extents = sorted(
        (min(start for start, _ in spans), max(end for _, end in spans), planned.injection)
        for planned in injections
        if (spans := [span for span in planned.spans if span[0] < span[1]])
    )
    groups: list[tuple[Instant, Instant, list[str]]] = []
    for start, end, injection in extents:
        if groups and start <= groups[-1][1]:
            first, last, names = groups[-1]
            groups[-1] = (first, max(last, end), [*names, injection])
        else:
            groups.append((start, end, [injection]))
    nexts = [*(start for start, _, _ in groups[1:]), ends]
    return tuple(
        Episode(injections=tuple(names), start=start, end=end, until=max(end, following))
        for (start, end, names), following in zip(groups, nexts, strict=False)
    )


def recovery_from(
    episode: Episode,
    calls: Sequence[Call],
    troubled: Collection[int],
    slow: Collection[int],
    met: Mapping[int, Collection[str]],
    deaths: Sequence[Instant],
    *,
    paced: bool,
) -> Recovery:
    """How a client with these ``calls`` came back; ``troubled`` and ``slow`` are numbers of calls, ``met`` has the injections of each.

    A call that began after the episode and met another fault, and none of this episode, was troubled by that one.
    ``deaths`` are the instants at which a fault ended its process. ``paced`` is whether there is a pace that would tell a slow call.
    """
    nearby = [
        call
        for call in calls
        if call.started < episode.until and (call.finished is None or call.finished >= episode.start)
    ]
    own = [call for call in nearby if not _of_another(call, met.get(call.number, ()), episode)]
    affected = [call for call in own if call.number in troubled or _hung_through(call, episode, paced=paced)]
    died = [at for at in deaths if episode.start <= at < episode.until]
    touched = sum(call.number in met for call in own)
    slowest = max((call.elapsed_ns or 0 for call in own if call.number in slow and call.result == "ok"), default=None)
    base = Recovery(status="unknown", episode=episode, met=touched, longest_ns=slowest)
    if not affected and not died:
        return _undisturbed(base, nearby, episode, paced=paced)
    back = _back(affected, died, nearby, episode)
    if back is None:
        return Recovery(status="not back", episode=episode, met=touched, longest_ns=slowest)
    at, call = back
    return Recovery(
        status="recovered",
        episode=episode,
        lag_ns=at - episode.end,
        longest_ns=slowest,
        met=touched,
        evidence=call.evidence,
    )


def _of_another(call: Call, met: Collection[str], episode: Episode) -> bool:
    return call.started >= episode.end and bool(met) and not set(met) & set(episode.injections)


def _hung_through(call: Call, episode: Episode, *, paced: bool) -> bool:
    """A call that was open when the fault ended, of a client whose pace is not known, so that its length says nothing."""
    begun = call.started >= episode.start
    return (
        not paced and begun and call.started < episode.end and (call.finished is None or call.finished >= episode.end)
    )


def _undisturbed(base: Recovery, nearby: Sequence[Call], episode: Episode, *, paced: bool) -> Recovery:
    if base.met:
        return Recovery(
            status="unharmed", episode=episode, met=base.met, evidence=nearby[-1].evidence if nearby else ()
        )
    inside = [call for call in nearby if call.started < episode.end]
    if not inside or (not paced and not any(call.attempts for call in inside)):
        return base
    return Recovery(status="unnoticed", episode=episode)


def _back(
    affected: Sequence[Call], died: Sequence[Instant], nearby: Sequence[Call], episode: Episode
) -> tuple[Instant, Call] | None:
    """When the client was well again, and the call that shows it; None if that was not seen."""
    if any(call.finished is None and call.cut is None for call in affected):
        return None  # it hangs
    failures = [call.finished or call.cut or 0 for call in affected if call.result != "ok"]
    last_failure = max([*failures, *died], default=None)
    survivors = [call for call in affected if call.result == "ok" and call.finished is not None]
    last = max(survivors, key=lambda call: call.finished or 0, default=None)
    if last is not None and last.finished is not None and (last_failure is None or last.finished > last_failure):
        return last.finished, last
    assert last_failure is not None
    good = [
        call for call in nearby if call.result == "ok" and call.finished is not None and call.finished >= last_failure
    ]
    if not good:
        return None
    first = min(good, key=lambda call: call.finished or 0)
    assert first.finished is not None
    return first.finished, first
