"""The documented policy beside the measured one: what it would do in virtual time, and where the two differ."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from chaoskit.lab.faults import BY_KEY
from chaoskit.lab.plan import every_ns
from chaoskit.lab.rows import Row
from chaoskit.lab.sample import Sample
from chaoskit.seeds import generator
from chaoskit.sim.backoff import BackOff, Trouble
from chaoskit.sim.client import Outage, SimulatedCall, simulate
from chaoskit.sim.policies import policy_of
from chaoskit.spread import Spread, spread
from chaoskit.units import MILLISECOND, format_duration

SEEDS = 200
"""Simulated processes for one cell."""

LATE_NS = 250 * MILLISECOND
USUALLY_LATE_NS = 25 * MILLISECOND
"""How late one sleeper may wake and its next try be told, on a busy machine with a runtime that loads classes as it goes, and how late
the usual one: a measured pause is the sleep and this."""

EARLY_NS = 25 * MILLISECOND
"""Where an SDK tells only the end of a try and its length, its start is known this well."""

FEW = 8
"""Fewer sleeps than this say nothing of what is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Documented:
    """What ``policy`` would do in this cell: the first call's tries and give-up time, and after how many retries its quota is drained.

    ``mismatches`` are sentences; empty: nothing measured contradicts the document.
    """

    policy: BackOff
    attempts: int
    gave_up_ns: Spread | None
    retries_until_drained: int | None
    mismatches: tuple[str, ...]


def documented(row: Row) -> Documented | None:
    """The row's documented policy, if there is one, its fault makes calls fail, and it met any."""
    subject = row.subject
    policy = policy_of(subject.sdk, subject.version, subject.retry_mode, subject.service)
    trouble = BY_KEY[subject.fault].trouble
    if policy is None or trouble is None or not row.exercised:
        return None
    firsts = [calls[0] for calls in simulated(policy, trouble, row)]
    quota = policy.quota
    return Documented(
        policy=policy,
        attempts=policy.tries(trouble),
        gave_up_ns=spread(call.elapsed_ns for call in firsts),
        retries_until_drained=quota.capacity // quota.price(trouble) if quota else None,
        mismatches=tuple(_mismatches(row, policy, trouble)),
    )


def simulated(policy: BackOff, trouble: Trouble, row: Row) -> list[tuple[SimulatedCall, ...]]:
    """The calls of ``SEEDS`` clients that keep ``policy`` in this cell, in virtual time; their tries take as long as the measured ones."""
    tries = row.tries_ns
    takes = round(tries.middle) if tries else BY_KEY[row.subject.fault].try_ns
    blank = max(sample.blank_ns for sample in row.samples)
    outage = Outage(start=0, end=blank, trouble=trouble, failing_ns=takes, healthy_ns=takes)
    every = every_ns(row.subject.sdk, row.subject.connection)
    return [
        simulate(policy, outage, every=every, ends=1, rng=generator(seed, "lab", policy.name)) for seed in range(SEEDS)
    ]


def _mismatches(row: Row, policy: BackOff, trouble: Trouble) -> list[str]:
    if row.subject.connection != "cold":
        return []  # of a pool nobody knows which try needed a lookup
    mismatches = _attempts(row, policy.tries(trouble))
    for retry, slept in row.sleeps_ns().items():
        mismatches += _sleeps(retry, slept, policy)
    return mismatches + _drain(row.samples, policy, trouble)


def _attempts(row: Row, expected: int) -> list[str]:
    wrong = sorted({call.attempts for call in row.firsts if not call.ok and call.attempts != expected})
    return [f"{_or(wrong)} attempts, documented {expected}"] if wrong else []


def _sleeps(retry: int, slept: Sequence[int], policy: BackOff) -> list[str]:
    if retry >= policy.attempts:
        return [f"slept before retry {retry}, documented are {policy.attempts - 1} retries"]
    shortest, longest = policy.bounds(retry)
    mismatches = []
    if max(slept) > longest + LATE_NS:
        mismatches.append(
            f"slept {format_duration(max(slept))} before retry {retry}, documented at most {format_duration(longest)}"
        )
    usual = round(statistics.median(slept))
    if len(slept) >= FEW and usual > longest + USUALLY_LATE_NS:
        mismatches.append(
            f"usually slept {format_duration(usual)} before retry {retry}, documented at most {format_duration(longest)}"
        )
    if min(slept) < shortest - EARLY_NS:
        mismatches.append(
            f"slept {format_duration(min(slept))} before retry {retry}, documented at least {format_duration(shortest)}"
        )
    if policy.jitter == "full" and len(slept) >= FEW and longest > LATE_NS:
        # The mean of n even draws from 0 to 1 has the deviation (1/12n)**0.5; beyond four of them it is no chance.
        mean, deviation = statistics.fmean(slept) / longest, (1 / (12 * len(slept))) ** 0.5
        if not 0.5 - 4 * deviation <= mean <= 0.5 + 4 * deviation + LATE_NS / longest:
            mismatches.append(f"slept {mean:.2f} of the longest sleep on average before retry {retry}, documented 0.5")
    return mismatches


def retries_until_drained(sample: Sample, full: int) -> int | None:
    """How many retries all failing calls had had when the first was refused one; None when none was.

    ``full`` is the number of tries of a call with tokens enough.
    """
    spent = 0
    for call in sample.calls:
        if not call.ended or call.concurrent:
            return None
        spent += call.attempts - 1
        if not call.ok and call.attempts < full:
            return spent
    return None


def _drain(samples: Sequence[Sample], policy: BackOff, trouble: Trouble) -> list[str]:
    full = policy.tries(trouble)
    counts = {retries_until_drained(sample, full) for sample in samples} - {None}
    expected = policy.quota.capacity // policy.quota.price(trouble) if policy.quota else None
    wrong = sorted(retries for retries in counts if retries is not None and retries != expected)
    if not wrong:
        return []
    quota = f"documented {expected}" if expected is not None else "documented is no quota"
    return [f"refused a retry after {_or(wrong)} retries, {quota}"]


def _or(numbers: Sequence[int]) -> str:
    return " or ".join(map(str, numbers))
