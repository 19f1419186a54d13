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
    """It waited for an answer of the dependency: as long as the answers were late, or as long as there were none."""
    if not trial.fault.proxied or observation.hung_ns < 2 * SECOND:
        return None
    spans = _inside(observation)
    if not spans:
        return None
    longest = max(end - start for start, end in spans)
    least = trial.slow_ns if trial.fault.key == "slow-service" else observation.fault_ns - 2 * SECOND
    waited = min(longest, observation.hung_ns) if observation.calls is None else observation.hung_ns
    if waited >= least - SLACK_NS or observation.hung_open:
        late = (
            f"answers came {format_duration(trial.slow_ns)} late"
            if trial.fault.key == "slow-service"
            else "nothing came"
        )
        whose = "it" if observation.calls is None else "a call"
        evidence = f"{whose} waited {format_duration(waited)} on a connection on which {late}, and did not give it up"
        return Cause("no read time-out", evidence, "set a read time-out, shorter than what your callers wait for you")
    tries = f"{len(spans)} connection{'s' if len(spans) > 1 else ''} in all"
    evidence = f"it waited {format_duration(waited)} for an answer before it gave up; {tries}"
    return Cause("long time-out", evidence, "shorten the read time-out, and bound all tries together by one deadline")


def _no_connect_timeout(trial: Trial, observation: Observation) -> Cause | None:
    """A connection that was dialled for seconds, as the kernel's socket table showed."""
    longest = max((end - start for start, end in observation.witness.dialling), default=0)
    if longest >= observation.fault_ns - 2 * SECOND:
        evidence = f"it dialled one connection for {format_duration(longest)} and did not give it up"
        return Cause(
            "no connect time-out", evidence, "set a connect time-out of a second or two (Linux itself tries for 130 s)"
        )
    if longest >= 2 * SECOND and observation.hung_ns >= 2 * SECOND:
        evidence = (
            f"it gave up dialling after {format_duration(longest)} each, {len(observation.witness.dialling)} times"
        )
        return Cause(
            "long time-out", evidence, "shorten the connect time-out, and bound all tries together by one deadline"
        )
    return None


def _resolver_waits(trial: Trial, observation: Observation) -> Cause | None:
    """The lookup itself took the time: the resolver's own waiting, which most programs cannot cut short."""
    repeats = [pause for pause in observation.witness.repeats if pause >= RESOLVER_TRY_NS]
    if trial.fault.key == "no-answer" and repeats:
        evidence = f"its resolver waited {format_duration(max(repeats))} before it asked again"
        return Cause(
            "resolver waits",
            evidence,
            "options timeout:1 attempts:2 in resolv.conf, a deadline around the lookup, or a local cache that serves stale answers",
        )
    if trial.fault.key == "late-answer" and observation.hung_ns >= LATE_NS - SLACK_NS and observation.witness.lookups:
        count = len(observation.witness.lookups)
        evidence = f"{count} lookup{'s' if count > 1 else ''} waited {format_duration(LATE_NS)} each for an answer"
        return Cause(
            "resolver waits",
            evidence,
            "keep connections open, and let a local cache (nscd, unbound, dnsmasq) keep answers for their TTL",
        )
    return None


def _first_address_only(trial: Trial, observation: Observation) -> Cause | None:
    if trial.fault.key != "dead-address" or observation.status not in ("failed", "not back"):
        return None
    evidence = "it was given a dead address and a good one, and did not get through by the good one"
    return Cause(
        "first address only", evidence, "try every address that the lookup returns (RFC 8305 does so 250 ms apart)"
    )


def _back_off(trial: Trial, observation: Observation) -> Cause | None:
    """Late, with a pause between tries that lies across the fault's end."""
    if observation.back_ns is None or observation.back_ns < SECOND:
        return None
    tries = _tries(trial, observation)
    before = [at for at in tries if at < observation.end_ns]
    after = [at for at in tries if at >= observation.end_ns]
    if not before or not after or after[0] - before[-1] < SECOND:
        return None
    evidence = f"it paused {format_duration(after[0] - before[-1])} between its last try in the fault and its next"
    return Cause("back-off", evidence, "cap the back-off near the time that you can afford to lose, with jitter")


def _no_retry(trial: Trial, observation: Observation) -> Cause | None:
    """It failed while the fault was on; how often it tried is seen."""
    if observation.status != "failed" or (observation.elapsed_ns or 0) > observation.end_ns:
        return None
    tries = [at for at in _tries(trial, observation) if observation.start_ns <= at < observation.end_ns]
    if observation.calls is None:
        return _no_retry_of_command(tries, observation)
    _, failed = observation.calls
    if not tries or not failed:
        return None
    evidence = f"{len(tries)} tries for {failed} failed calls"
    if len(tries) <= failed * 5 // 4 + 1:
        return Cause(
            "no retry",
            evidence,
            "retry once or twice within the caller's deadline, with jitter, or fall back (a cache, a default)",
        )
    return Cause(
        "gives up too soon", evidence, "no retry outlasts such an outage: fall back (a cache, a default, a queue)"
    )


def _no_retry_of_command(tries: list[int], observation: Observation) -> Cause | None:
    code, after = observation.exit_code, format_duration(observation.elapsed_ns or 0)
    if len(tries) == 1:
        evidence = f"one try, no second: it ended with code {code} after {after}"
        return Cause(
            "no retry",
            evidence,
            "retry with back-off and jitter until a deadline, or fall back (a cache, a default, a queue)",
        )
    if len(tries) > 1:
        evidence = f"{len(tries)} tries in {format_duration(tries[-1] - tries[0])}, then it ended with code {code}"
        return Cause(
            "gives up too soon",
            evidence,
            "retry for longer than the outages that you mean to survive, with back-off and jitter",
        )
    return None


def _no_fresh_lookup(trial: Trial, observation: Observation) -> Cause | None:
    """Calls fail on well after the fault, though nobody asked the DNS again: it goes on with what it was told in the fault."""
    if observation.calls is None:
        return None  # a command that does not ask may sleep as well
    down_ns = (
        observation.watched_ns - observation.end_ns if observation.status == "not back" else observation.back_ns or 0
    )
    if trial.fault.proxied or down_ns < 3 * SECOND or observation.witness.dialling:
        return None
    lookups = observation.witness.lookups
    if not lookups or any(observation.end_ns <= at < observation.end_ns + down_ns - SECOND for at in lookups):
        return None
    evidence = f"for {format_duration(down_ns)} after the fault it did not ask the DNS again"
    return Cause(
        "no fresh lookup",
        evidence,
        "bound what is cached about a name (also that it is not there), and look up anew after a failure",
    )


RULES: tuple[Rule, ...] = (
    _no_read_timeout,
    _no_connect_timeout,
    _first_address_only,
    _resolver_waits,
    _no_fresh_lookup,
    _back_off,
    _no_retry,
)


def _tries(trial: Trial, observation: Observation) -> list[int]:
    """When it tried: its connections where the proxy sees them and they are what fails, else its lookups."""
    if trial.fault.proxied and observation.witness.connections is not None:
        return sorted(opened for opened, _ in observation.witness.connections)
    return sorted(observation.witness.lookups)


def _inside(observation: Observation) -> list[tuple[int, int]]:
    """The parts of the connections that lie in the fault."""
    spans = [
        (
            max(opened, observation.start_ns),
            min(closed if closed is not None else observation.watched_ns, observation.end_ns + SLOW_NS),
        )
        for opened, closed in observation.witness.connections or ()
        if opened < observation.end_ns
    ]
    return [(start, end) for start, end in spans if end > start]
