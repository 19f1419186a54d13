"""From a run's journal to samples, one for each client. Everything here is read off journal events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chaoskit.clock import Instant
from chaoskit.errors import JournalError
from chaoskit.journal.calls import Call, root_of
from chaoskit.journal.events import ClientReady, Entry, InjectionPlanned, SandboxReady
from chaoskit.journal.failures import failures_of
from chaoskit.journal.run import Run
from chaoskit.lab.faults import BY_KEY
from chaoskit.lab.sample import Missing, Sample, SampledCall, Subject
from chaoskit.units import parse_duration

SDK_PACKAGE = {"boto3": "botocore", "javascript": "@smithy/core", "aiohttp": "c-ares"}
"""The package whose version decides what is measured, where it is not the first that the client names."""

PROCESS_PER_CALL = ("aws_cli",)
"""Clients whose calls share no retry quota."""


def samples_of(entries: Sequence[Entry]) -> tuple[tuple[Sample, ...], tuple[Missing, ...]]:
    """A sample of each client of a lab's run, and the clients of which there is none.

    Raises ``JournalError`` when it is no lab's run, or when its harness failed: then nothing is measured.
    """
    run = Run(entries)
    failures = failures_of(run)
    if failures or not run.armed or any(not check.ok for _, check in run.canary):
        because = failures[0] if failures else "its canary name failed"
        raise JournalError(f"run {run.header.run_id} is invalid: {because}")
    aimed = [(planned.injection.rpartition("-"), planned) for planned in run.injections]
    cells = [(label, planned) for (fault, _, label), planned in aimed if fault in BY_KEY and label in run.clients]
    if not cells:
        raise JournalError(
            f"run {run.header.run_id} is not one of chaoskit lab: no injection is aimed at one client, as the lab's are"
        )
    samples: list[Sample] = []
    missing: list[Missing] = []
    for label, planned in cells:
        subject = _subject(run.clients[label], run.header.experiment["clients"][label], planned)
        why = _unusable(run.calls[label], planned, subject)
        if why:
            missing.append(Missing(str(subject), f"run {run.header.run_id}: {why}"))
        else:
            samples.append(_sample(run, label, planned, subject))
    return tuple(samples), tuple(missing)


def _inside(calls: Sequence[Call], start: Instant, end: Instant) -> list[Call]:
    """The calls that began in the fault, and one that had begun just before if the fault troubled it: some SDKs work before they dial."""
    return [
        call
        for call in calls
        if start <= call.started < end
        or (call.started < start and call.troubled and (call.finished is None or call.finished >= start))
    ]


def _unusable(calls: Sequence[Call], planned: InjectionPlanned, subject: Subject) -> str | None:
    start, end = planned.spans[0]
    if not _inside(calls, start, end):
        return "no call began in the fault"
    before = [call for call in calls if call.finished is not None and call.finished < start]
    if subject.sdk not in PROCESS_PER_CALL and any(call.troubled for call in before):
        return "a call before the fault had trouble, so the retry quota was not full"
    return None


def _sample(run: Run, label: str, planned: InjectionPlanned, subject: Subject) -> Sample:
    written = run.header.experiment["clients"][label]
    start, end = planned.spans[0]
    ready, calls = run.clients[label], run.calls[label]
    lag, back = _lag(calls, start, end)
    return Sample(
        subject=subject,
        versions=ready.versions,
        sandbox=run.of(SandboxReady)[0][1].sandbox,
        connect_timeout=ready.settings.get("connect_timeout", ""),
        blank_ns=end - start,
        met=len(run.met(planned.injection)),
        calls=tuple(map(_sampled, _inside(calls, start, end))),
        lag_ns=lag,
        back=back,
        connect_timeout_ns=parse_duration(limit) if (limit := written.get("connect_timeout")) is not None else None,
    )


def _subject(ready: ClientReady, written: dict[str, Any], planned: InjectionPlanned) -> Subject:
    package = SDK_PACKAGE.get(ready.use) or next(iter(ready.versions))
    return Subject(
        sdk=ready.use,
        version=ready.versions.get(package, "?"),
        retry_mode=written.get("retry_mode"),
        resolved_mode=ready.settings.get("retry_mode", "?"),
        service=written.get("service", "dynamodb"),
        dns_cache=written.get("dns_cache"),
        connection=written.get("connection", "warm"),
        fault=planned.injection.rpartition("-")[0],
    )


def _lag(calls: Sequence[Call], start: Instant, end: Instant) -> tuple[int | None, bool]:
    """From the fault's end to the first success that no failure follows, and whether there was one."""
    affected = [call for call in calls if call.troubled and (call.finished or end) >= start]
    if not affected:
        return None, True
    if any(call.finished is None for call in affected):
        return None, False
    settled = max([end, *(call.finished or 0 for call in affected if call.result == "failed")])
    back = [
        call.finished
        for call in calls
        if call.result == "ok" and call.finished is not None and call.finished >= settled
    ]
    return (min(back) - end, True) if back else (None, False)


def _sampled(call: Call) -> SampledCall:
    outer, inner = (call.errors[0] if call.errors else None), root_of(call.errors)
    return SampledCall(
        ok=call.result == "ok",
        ended=call.finished is not None,
        concurrent=call.concurrent,
        pooled=call.pooled,
        elapsed_ns=call.elapsed_ns,
        attempts=len(call.attempts),
        # How long a healthy try takes is of no interest, and most are.
        tries_ns=tuple(
            attempt.finished - attempt.started
            for attempt in call.attempts
            if attempt.finished is not None and call.troubled
        ),
        sleeps_ns=tuple(attempt.slept_ns for attempt in call.attempts if attempt.slept_ns is not None),
        error=outer.type if outer else "",
        cause=inner.type if inner else "",
        errno=inner.errno if inner else None,
        message=inner.message[:60] if inner else "",
    )
