"""The summary: what the page says, as JSON for programs.

Keys are stable: they may be added, never renamed or given another meaning without a new ``summary_version``. Lengths of time end
in ``_ns`` (nanoseconds), instants in ``_at_ns`` (nanoseconds from 0 s of the experiment), shares lie between 0 and 1. A null
means that the journal does not show it.

| key | holds |
|---|---|
| ``summary_version`` | 1 |
| ``run`` | ``id``, ``title``, ``source``, ``seed``, ``replay``, ``epoch_ns``, ``length_ns``, ``ended`` (a reason or null), ``versions`` |
| ``outcome`` | ``word`` (passed, failed, not exercised, invalid, command ended), ``exit_code``, ``because`` (list of sentences) |
| ``command`` | of ``chaoskit exec``: ``exit_code``, ``elapsed_ns``, ``refused``; null otherwise |
| ``verdicts`` | list of ``expectation``, ``finding`` (held, broken, unknown), ``because``, ``evidence`` (``seq`` numbers) |
| ``clients`` | by name: see ``_client`` |
| ``injections`` | list of ``id``, ``plane``, ``fault``, ``where``, ``hidden``, ``met``, ``outside``, ``switched_late_ns``, ``windows`` |
| ``harness`` | ``well``, ``sandbox``, ``libc_exercised``, ``planes``, ``canary``, ``late_p50_ns``, ``late_max_ns``, … |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chaoskit.clock import Instant
from chaoskit.journal.calls import Call
from chaoskit.journal.command import command_end
from chaoskit.journal.run import Run
from chaoskit.report.answers import Answers, answers_of
from chaoskit.report.figures import ClientFigures, all_figures
from chaoskit.report.headline import headline_of
from chaoskit.report.health import Health, InjectionFigures, all_injections, health_of
from chaoskit.report.why import Reason, explain
from chaoskit.spread import Spread
from chaoskit.verdict import Outcome, Verdict

SUMMARY_VERSION = 1


def summarize(run: Run, verdicts: Sequence[Verdict], outcome: Outcome) -> dict[str, Any]:
    """The summary of a run, ready for ``json.dumps``."""
    figures = all_figures(run)
    health = health_of(run)
    headline = headline_of(run, figures, health, verdicts, outcome)
    connections = run.connections
    header = run.header
    command = command_end(run) if outcome is not Outcome.INVALID else None
    return {
        "summary_version": SUMMARY_VERSION,
        "run": {
            "id": header.run_id,
            "title": header.title,
            "source": header.source,
            "seed": header.seed,
            "replay": header.replay,
            "epoch_ns": header.epoch_ns,
            "length_ns": run.ends - run.origin,
            "ended": health.ended,
            "versions": dict(header.versions),
        },
        "outcome": {
            "word": outcome.value if command is None else "command ended",
            "exit_code": outcome.exit_code if command is None else command.exit_code,
            "because": list(headline.outcome),
        },
        "command": None
        if command is None
        else {"exit_code": command.exit_code, "elapsed_ns": command.elapsed_ns, "refused": command.refused},
        "verdicts": [
            {
                "expectation": verdict.expectation,
                "finding": verdict.finding,
                "because": verdict.because,
                "evidence": list(verdict.evidence),
            }
            for verdict in verdicts
        ],
        "clients": {client.name: _client(run, client, explain(run, client, connections)) for client in figures},
        "injections": [_injection(injection, run.origin) for injection in all_injections(run)],
        "harness": _harness(health),
    }


def _client(run: Run, client: ClientFigures, reasons: Sequence[Reason]) -> dict[str, Any]:
    """One client: the fields of ``ClientFigures`` under their own names, ``why`` from ``explain``; null is unknown."""
    figures = {
        "use": client.use,
        "versions": client.versions,
        "settings": client.settings,
        "fate": client.fate,
        "why": [{"text": reason.text, "evidence": list(reason.evidence)} for reason in reasons],
        "calls": {"all": client.calls, "ok": client.ok, "failed": client.failed, "unknown": client.unknown},
        "phases": {
            count.phase: {
                "calls": count.calls,
                "ok": count.ok,
                "failed": count.failed,
                "unknown": count.unknown,
                "share_ok": count.share_ok,
            }
            for count in client.phases
        },
        "attempts": client.attempts,
        "attempts_per_failed": _spread(client.attempts_per_failed),
        "failed_after_ns": _spread(client.failed_after_ns),
        "sleeps": [{"after_attempt": step.after, "slept_ns": _spread(step.slept_ns)} for step in client.sleeps],
        "longest_call": _call(client.longest, run.origin),
        "gap_ns": client.gap_ns,
        "lookups": {
            "all": client.lookups,
            "in_fault": client.lookups_in_fault,
            "empty_in_fault": client.lookups_empty_in_fault,
        },
        "pooled": {"calls": client.pooled, "of": client.carried},
        "errors": [
            {
                "count": error.count,
                "type": error.type,
                "root_type": error.root_type,
                "root_message": error.root_message,
                "errno": error.errno,
                "meaning": error.meaning,
                "first_seq": error.seq,
            }
            for error in client.errors
        ],
        "recovery": {
            "status": client.recovery.status,
            "after": list(client.recovery.episode.injections) if client.recovery.episode else [],
            "noticed": client.recovery.noticed,
            "lag_ns": client.recovery.lag_ns,
            "evidence": list(client.recovery.evidence),
        },
        "late_ns": _spread(client.late_ns),
        "answers": _answers(answers_of(run, client.name)),
    }
    if client.fate == "unreported":  # nobody saw its calls, so nothing is known of them: not 0, but null
        figures |= dict.fromkeys(
            ("calls", "phases", "attempts", "sleeps", "longest_call", "gap_ns", "pooled", "errors", "recovery")
        )
    return figures


def _answers(answers: Answers | None) -> dict[str, Any] | None:
    """Of a probe: its answers by phase; null for any other client."""
    if answers is None:
        return None
    return {
        phase: {
            "statuses": {str(status or "none"): count for status, count in answers.statuses[phase].items()},
            "latency_ns": {f"p{percent}": length for percent, length in answers.latencies[phase].items()},
        }
        for phase in answers.statuses
    }


def _spread(summary: Spread | None) -> dict[str, int] | None:
    """``n`` samples; ``median`` is the lower median, so always a real sample."""
    return {"n": summary.n, "min": summary.least, "median": summary.middle, "max": summary.most} if summary else None


def _call(call: Call | None, origin: Instant) -> dict[str, Any] | None:
    if call is None:
        return None
    return {
        "number": call.number,
        "started_at_ns": call.started - origin,
        "elapsed_ns": call.elapsed_ns,
        "result": call.result,
        "attempts": len(call.attempts),
        "evidence": list(call.evidence),
    }


def _injection(injection: InjectionFigures, origin: Instant) -> dict[str, Any]:
    return {
        "id": injection.id,
        "plane": injection.plane,
        "fault": injection.fault,
        "where": injection.where,
        "hidden": injection.hidden,
        "met": injection.met,
        "outside": injection.outside,
        "switched_late_ns": injection.switched_late_ns,
        "windows": [
            {
                "planned_start_at_ns": span.start - origin,
                "planned_end_at_ns": span.end - origin,
                "applied_at_ns": None if span.applied is None else span.applied - origin,
                "lifted_at_ns": None if span.lifted is None else span.lifted - origin,
                "differs": span.differs,
                "met": span.met,
                "first_at_ns": None if span.first is None else span.first - origin,
                "last_at_ns": None if span.last is None else span.last - origin,
            }
            for span in injection.spans
        ],
    }


def _harness(health: Health) -> dict[str, Any]:
    return {
        "well": health.well,
        "armed": health.armed,
        "sandbox": health.sandbox.sandbox if health.sandbox else None,
        "libc_exercised": health.sandbox.libc_exercised if health.sandbox else None,
        "planes": {plane.plane: plane.implementation for plane in health.planes},
        "canary": {
            "name": health.canary_name,
            "checks": health.canary_checks,
            "ok": health.canary_ok,
            "slowest_ns": health.canary_slowest_ns,
        },
        "late_p50_ns": health.late_p50_ns,
        "late_max_ns": health.late_max_ns,
        "attempts_reported": health.attempts_reported,
        "unattributed_attempts": health.unattributed,
        "failures": [{"part": event.part, "message": event.message, "seq": seq} for seq, event in health.failures],
        "processes_died": [
            {"process": event.process, "exit_code": event.exit_code, "seq": seq} for seq, event in health.died
        ],
    }
