"""Samples without a run: what a process that keeps a policy would have been seen to do."""

from __future__ import annotations

import random
from dataclasses import replace

from chaoskit.lab.faults import BY_KEY
from chaoskit.lab.sample import Sample, SampledCall, Subject
from chaoskit.sim.backoff import BackOff
from chaoskit.sim.client import Outage, SimulatedCall, simulate
from chaoskit.sim.policies import policy_of
from chaoskit.units import MILLISECOND, SECOND

LATE_NS = 3 * MILLISECOND
"""What a real process adds to every sleep."""


def subject(version: str = "1.44.5", fault: str = "empty", **fields: object) -> Subject:
    """botocore's defaults, cold, unless told otherwise."""
    default = Subject(
        sdk="boto3",
        version=version,
        retry_mode=None,
        resolved_mode="standard",
        service="dynamodb",
        dns_cache=None,
        connection="cold",
        fault=fault,
    )
    return replace(default, **fields)  # type: ignore[arg-type]


def sample(of: Subject, *, blank_s: int = 30, seed: int = 1, policy: BackOff | None = None, met: int = 100) -> Sample:
    """One process of ``of`` that keeps ``policy``, by default the one that is documented for it."""
    policy = policy or policy_of(of.sdk, of.version, of.retry_mode, of.service)
    assert policy is not None
    trouble = BY_KEY[of.fault].trouble
    assert trouble is not None
    outage = Outage(
        start=0, end=blank_s * SECOND, trouble=trouble, failing_ns=2 * MILLISECOND, healthy_ns=5 * MILLISECOND
    )
    calls = simulate(policy, outage, every=500 * MILLISECOND, ends=blank_s * SECOND, rng=random.Random(seed))
    return Sample(
        subject=of,
        versions={"botocore": of.version},
        sandbox="namespace",
        connect_timeout="1 s",
        connect_timeout_ns=1_000_000_000,
        blank_ns=blank_s * SECOND,
        met=met,
        calls=tuple(map(seen, calls)),
        lag_ns=40 * MILLISECOND,
        back=True,
    )


def seen(call: SimulatedCall) -> SampledCall:
    """A simulated call as a journal would tell it."""
    return SampledCall(
        ok=call.ok,
        ended=True,
        concurrent=False,
        pooled=False,
        elapsed_ns=call.elapsed_ns,
        attempts=call.attempts,
        tries_ns=(2 * MILLISECOND,) * call.attempts,
        sleeps_ns=tuple(slept + LATE_NS for slept in call.sleeps),
        error="" if call.ok else "EndpointConnectionError",
        cause="" if call.ok else "gaierror",
        errno=None if call.ok else -5,
    )
