"""Why a command fared as it did, and the known cure: a rule for each cause that the witnesses can show. What none shows is unknown.

The sources of the cures: resolv.conf(5) for the resolver's own limits; "Timeouts, retries, and backoff with jitter" (Amazon Builders'
Library) for deadlines and retries; RFC 8305 for trying every address; RFC 8767 for stale answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.survey.observation import RESOLVER_TRY_NS, Observation
from chaoskit.survey.trial import LATE_NS, SLOW_NS, Trial
from chaoskit.units import MILLISECOND, SECOND, format_duration

CauseKey: TypeAlias = Literal[
    "no read time-out",
    "no connect time-out",
    "long time-out",
    "resolver waits",
    "first address only",
    "no retry",
    "gives up too soon",
    "back-off",
    "no fresh lookup",
    "unknown",
]

SLACK_NS = 500 * MILLISECOND


@dataclass(frozen=True, slots=True)
class Cause:
    """``because`` says what was seen; ``cure`` what is known to help. Both are empty for what is unknown."""

    key: CauseKey
    because: str = ""
    cure: str = ""


UNKNOWN = Cause("unknown")

Rule: TypeAlias = Callable[[Trial, Observation], Cause | None]


def cause_of(trial: Trial, observation: Observation) -> Cause | None:
    """The first rule that the evidence supports, or ``UNKNOWN``; None for a trial that did no harm, or told nothing."""
    if observation.status in ("unharmed", "not exercised"):
        return None
    if observation.status == "unknown":
        return UNKNOWN
    return next((cause for rule in RULES if (cause := rule(trial, observation)) is not None), UNKNOWN)


def _no_read_timeout(trial: Trial, observation: Observation) -> Cause | None:
    """An open connection on which nothing came, and which the command left open until the fault was over."""
    if not trial.fault.proxied:
        return None
    spans = _inside(observation.witness.connections or (), observation)
    longest = max((end - start for start, end in spans), default=0)
    least = SLOW_NS if trial.fault.key == "slow-service" else observation.end_ns - observation.start_ns - 2 * SECOND
    if longest >= least and observation.hung_ns >= min(least, longest) - SLACK_NS:
        late = "whose answers came late" if trial.fault.key == "slow-service" else "on which nothing came"
        seen = f"it stayed {format_duration(longest)} on one connection {late}, and did not give it up"
        return Cause("no read time-out", seen, "set a read time-out, shorter than what your callers wait for you")
    if longest >= 2 * SECOND and observation.hung_ns >= 2 * SECOND:
        tries = f"{len(spans)} connection{'s' if len(spans) > 1 else ''} in all"
        seen = f"it gave up a connection without an answer after {format_duration(longest)}; {tries}"
        return Cause("long time-out", seen, "shorten the read time-out, and bound all tries together by one deadline")
    return None


def _no_connect_timeout(trial: Trial, observation: Observation) -> Cause | None:
    """A connection that was dialled for seconds, as the kernel's socket table showed."""
    longest = max((end - start for start, end in observation.witness.dialling), default=0)
    if longest >= observation.end_ns - observation.start_ns - 2 * SECOND:
        seen = f"it dialled one connection for {format_duration(longest)} and did not give it up"
        return Cause(
            "no connect time-out", seen, "set a connect time-out of a second or two (Linux itself tries for 130 s)"
        )
    if longest >= 2 * SECOND and observation.hung_ns >= 2 * SECOND:
        seen = f"it gave up dialling after {format_duration(longest)} each, {len(observation.witness.dialling)} times"
        return Cause(
            "long time-out", seen, "shorten the connect time-out, and bound all tries together by one deadline"
        )
    return None


def _resolver_waits(trial: Trial, observation: Observation) -> Cause | None:
    """The lookup itself took the time: the resolver's own waiting, which most programs cannot cut short."""
    repeats = [pause for pause in observation.witness.repeats if pause >= RESOLVER_TRY_NS]
    if trial.fault.key == "no-answer" and repeats:
        seen = f"its resolver waited {format_duration(max(repeats))} before it asked again"
        return Cause(
            "resolver waits",
            seen,
            "options timeout:1 attempts:2 in resolv.conf, a deadline around the lookup, or a local cache that serves stale answers",
        )
    if trial.fault.key == "late-answer" and observation.hung_ns >= LATE_NS - SLACK_NS and observation.witness.lookups:
        count = len(observation.witness.lookups)
        seen = f"{count} lookup{'s' if count > 1 else ''} waited {format_duration(LATE_NS)} each for an answer"
        return Cause(
            "resolver waits",
            seen,
            "keep connections open, and let a local cache (nscd, unbound, dnsmasq) keep answers for their TTL",
        )
    return None


def _first_address_only(trial: Trial, observation: Observation) -> Cause | None:
    if trial.fault.key != "dead-address" or observation.status not in ("failed", "hung"):
        return None
    seen = "it was given a dead address and a good one, and did not get through by the good one"
    return Cause(
        "first address only", seen, "try every address that the lookup returns (RFC 8305 does so 250 ms apart)"
    )


def _back_off(trial: Trial, observation: Observation) -> Cause | None:
    """Late, with a pause between tries that lies across the fault's end."""
    if observation.status not in ("late", "waited") or observation.back_ns is None:
        return None
    tries = _tries(trial, observation)
    before = [at for at in tries if at < observation.end_ns]
    after = [at for at in tries if at >= observation.end_ns]
    if not before or not after or after[0] - before[-1] < SECOND:
        return None
    seen = (
        f"it paused {format_duration(after[0] - before[-1])} between its last try in the fault and its next; "
        f"{len(before)} tries before"
    )
    return Cause("back-off", seen, "cap the back-off near the time that you can afford to lose, with jitter")


def _no_retry(trial: Trial, observation: Observation) -> Cause | None:
    if observation.status != "failed" or observation.elapsed_ns > observation.end_ns:
        return None
    tries = [at for at in _tries(trial, observation) if at >= observation.start_ns]
    after = format_duration(observation.elapsed_ns)
    if len(tries) == 1:
        seen = f"one try, no second: it ended with code {observation.exit_code} after {after}"
        return Cause(
            "no retry",
            seen,
            "retry with back-off and jitter until a deadline, or fall back (a cache, a default, a queue)",
        )
    if len(tries) > 1:
        seen = f"{len(tries)} tries in {format_duration(tries[-1] - tries[0])}, then it ended with code {observation.exit_code}"
        return Cause(
            "gives up too soon",
            seen,
            "retry for longer than the outages that you mean to survive, with back-off and jitter",
        )
    return None


def _no_fresh_lookup(trial: Trial, observation: Observation) -> Cause | None:
    """Still down after the fault, though nobody asked the DNS again: it goes on with what it was told in the fault."""
    if (
        trial.fault.proxied
        or observation.status not in ("hung", "failed")
        or observation.elapsed_ns < observation.end_ns + 5 * SECOND
    ):
        return None
    lookups = observation.witness.lookups
    if not lookups or any(at >= observation.end_ns for at in lookups) or observation.witness.dialling:
        return None
    since = format_duration(observation.elapsed_ns - observation.end_ns)
    seen = f"for {since} after the fault it did not ask the DNS again"
    return Cause(
        "no fresh lookup",
        seen,
        "bound what is cached about a name (also that it is not there), and look up anew after a failure",
    )


RULES: tuple[Rule, ...] = (
    _no_read_timeout,
    _no_connect_timeout,
    _first_address_only,
    _back_off,
    _resolver_waits,
    _no_retry,
    _no_fresh_lookup,
)


def _tries(trial: Trial, observation: Observation) -> list[int]:
    """When it tried: its connections where the proxy sees them and they are what fails, else its lookups."""
    if trial.fault.proxied and observation.witness.connections is not None:
        return sorted(opened for opened, _ in observation.witness.connections)
    return sorted(observation.witness.lookups)


def _inside(connections: tuple[tuple[int, int | None], ...], observation: Observation) -> list[tuple[int, int]]:
    """The parts of the connections that lie in the fault."""
    spans = [
        (
            max(opened, observation.start_ns),
            min(closed if closed is not None else observation.elapsed_ns, observation.end_ns),
        )
        for opened, closed in connections
    ]
    return [(start, end) for start, end in spans if end > start]
