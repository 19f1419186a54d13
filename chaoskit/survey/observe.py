"""From the journal of a trial to its observation: of a command that runs once, and of an experiment's own clients. Pure."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace

from chaoskit.journal.calls import Call
from chaoskit.journal.command import command_end
from chaoskit.journal.failures import failures_of
from chaoskit.journal.run import Run
from chaoskit.survey.observation import ClientResult, Observation, Status, witness_of
from chaoskit.survey.trial import Trial
from chaoskit.units import MILLISECOND, SECOND

USUAL_NS = 500 * MILLISECOND
"""What takes this much longer than without a fault is as long as usual: the machine is shared."""

LATE_AFTER_NS = 2 * SECOND
"""Who succeeds within this time of the fault's end, and its usual length, is back at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """How it is without a fault: how long the command takes, or the median call of the clients, and the longest; how long the run was."""

    elapsed_ns: int
    longest_ns: int
    length_ns: int

    def is_longer(self, elapsed_ns: int) -> bool:
        """Whether something took clearly longer than usual."""
        return elapsed_ns > self.longest_ns * 3 // 2 + USUAL_NS


def observe_command(run: Run, trial: Trial, usual: Usual) -> Observation:
    """What became of the command in ``run``."""
    end = command_end(run)
    watched = run.last_instant - run.origin
    elapsed = end.elapsed_ns if end else watched
    fault_end = trial.start_ns + trial.length_ns
    succeeded = end is not None and end.exit_code == 0
    status: Status = "unharmed"
    if end is None:
        status = "not back"
    elif not succeeded:
        status = "failed"
    elif elapsed > fault_end + usual.elapsed_ns + LATE_AFTER_NS:
        status = "late"
    elif usual.is_longer(elapsed):
        status = "waited"
    observation = Observation(
        status=status,
        start_ns=trial.start_ns,
        end_ns=fault_end,
        watched_ns=watched,
        witness=witness_of(run, trial),
        hung_ns=max(0, elapsed - usual.elapsed_ns),
        hung_open=end is None,
        back_ns=elapsed - fault_end if succeeded and elapsed > fault_end else None,
        exit_code=end.exit_code if end else None,
        elapsed_ns=elapsed,
    )
    return _if_valid(run, trial, observation)


def observe_clients(run: Run, trial: Trial, usual: Usual) -> Observation:
    """What became of the clients in ``run``, the worst of them first."""
    results = tuple(_result(run, client, trial) for client in run.callers)
    longest = max(results, key=lambda result: result.longest_ns)
    lags = [result.back_ns for result in results if result.back_ns is not None]
    status: Status = "unharmed"
    if not all(result.is_back for result in results):
        status = "not back"
    elif any(result.failed for result in results):
        status = "failed"
    elif lags and max(lags) > LATE_AFTER_NS:
        status = "late"
    elif usual.is_longer(longest.longest_ns):
        status = "waited"
    observation = Observation(
        status=status,
        start_ns=trial.start_ns,
        end_ns=trial.start_ns + trial.length_ns,
        watched_ns=run.last_instant - run.origin,
        witness=witness_of(run, trial),
        hung_ns=max(0, longest.longest_ns - usual.elapsed_ns),
        hung_open=longest.longest_open,
        back_ns=max(lags) if lags and status != "not back" else None,
        clients=results,
    )
    return _if_valid(run, trial, observation)


def _result(run: Run, client: str, trial: Trial) -> ClientResult:
    """How ``client`` fared; a call that began before the fault and went into it counts."""
    last, start = run.last_instant, run.origin + trial.start_ns
    in_fault = [
        call for call in run.calls[client] if (call.finished or last) > start and call.started < start + trial.length_ns
    ]
    longest = max(in_fault, key=lambda call: _length(call, last), default=None)
    recovery = run.recovery(client)
    return ClientResult(
        client=client,
        count=len(in_fault),
        failed=sum(call.result != "ok" for call in in_fault),
        longest_ns=_length(longest, last) if longest else 0,
        longest_open=longest is not None and longest.finished is None,
        back_ns=max(0, recovery.lag_ns) if recovery.lag_ns is not None else None,
        is_back=recovery.status != "not back",
        exposed=bool(run.exposures(client)),
    )


def usual_of_clients(run: Run) -> Usual:
    """How long the calls of a run without a fault take; 0 where there was none."""
    lengths = [call.elapsed_ns for client in run.callers for call in run.calls[client] if call.elapsed_ns is not None]
    return Usual(
        elapsed_ns=round(statistics.median(lengths)) if lengths else 0,
        longest_ns=max(lengths, default=0),
        length_ns=run.ends - run.origin,
    )


def _length(call: Call, last: int) -> int:
    return (call.finished or last) - call.started


def _if_valid(run: Run, trial: Trial, observation: Observation) -> Observation:
    """The observation, unless the harness failed or the fault met nothing: then that is all there is to say."""
    failures = failures_of(run)
    if failures:
        return replace(observation, status="unknown", why=failures[0])
    if not any(run.met(planned.injection) for planned in run.injections) and not _met_silently(trial, observation):
        return replace(observation, status="not exercised")
    return observation


def _met_silently(trial: Trial, observation: Observation) -> bool:
    """Whether a connection was open in a fault that acts on every one; a proxy tells of a toxic only when the connection ends."""
    connections = observation.witness.connections or ()
    return trial.fault.proxied and any(
        opened < observation.end_ns and (closed is None or closed >= observation.start_ns)
        for opened, closed in connections
    )
