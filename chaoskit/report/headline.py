"""The first lines of a report: how the run ended, and why, in one or two sentences of measured figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaoskit.journal.command import CommandEnd, command_end
from chaoskit.journal.run import Run
from chaoskit.report.figures import ClientFigures, Effect, calls_under_fault
from chaoskit.report.health import Health, carried
from chaoskit.report.words import listed, plural
from chaoskit.units import format_duration
from chaoskit.verdict import EXERCISED, GUARDS, Outcome, Verdict

_FATES_MOST = 6


@dataclass(frozen=True, slots=True)
class Headline:
    """``outcome``: how the run ended and why; ``fates``: what became of each client; ``contrast``: the figure behind it."""

    outcome: tuple[str, ...]
    fates: str
    contrast: str


def headline_of(
    run: Run, figures: Sequence[ClientFigures], health: Health, verdicts: Sequence[Verdict], outcome: Outcome
) -> Headline:
    """The headline of a run."""
    return Headline(_outcome(run, health, verdicts, outcome), _fates(run, figures), _contrast(run))


def _outcome(run: Run, health: Health, verdicts: Sequence[Verdict], outcome: Outcome) -> tuple[str, ...]:
    command = command_end(run)
    if command is not None and outcome is not Outcome.INVALID:
        return _of_command(run, command, verdicts)
    held = sum(verdict.finding == "held" for verdict in verdicts)
    broken = [verdict for verdict in verdicts if verdict.finding == "broken"]
    unknown = [verdict for verdict in verdicts if verdict.finding == "unknown"]
    if outcome is Outcome.PASSED:
        if not run.header.experiment.get("expect"):
            names = listed([verdict.expectation for verdict in verdicts])
            return (f"Nothing is expected of the clients; the run's own guards held ({names}).",)
        return (f"All {held} expectations held.",)
    if outcome is Outcome.FAILED:
        first = (
            f"{len(broken)} of {plural(len(verdicts), 'expectation')} {'was' if len(broken) == 1 else 'were'} broken."
        )
        return (first, *(f"{verdict.expectation}: {verdict.because}" for verdict in broken[:2]))
    if outcome is Outcome.NOT_EXERCISED:
        return (_not_exercised(run), *(verdict.because for verdict in verdicts if _is_unmet(verdict)))
    unwell = [verdict for verdict in broken + unknown if verdict.kind in GUARDS]
    if [verdict.kind for verdict in unwell] == ["not_aborted"]:
        because = unwell[0].because
        return (f"{because[0].upper()}{because[1:]}.", "It proves nothing; what was measured until then is kept.")
    reasons = [event.words for _, event in health.failures[:2]]
    if not reasons:
        reasons = [f"{verdict.expectation}: {verdict.because}" for verdict in (broken + unknown)[:2]]
    return ("The harness or a guard failed, or something could not be judged: the run proves nothing.", *reasons)


def _of_command(run: Run, command: CommandEnd, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """A command's own exit code is its result; what was judged beside it is told after it."""
    words = f"{command.words[0].upper()}{command.words[1:]}, after {format_duration(command.elapsed_ns)}."
    broken = [
        verdict for verdict in verdicts if verdict.finding != "held" and verdict.kind not in (*GUARDS, *EXERCISED)
    ]
    unmet = [planned.injection for planned in run.injections if not planned.optional and not run.met(planned.injection)]
    return (
        words,
        *([f"{listed(unmet)} met nothing, so it tested nothing."] if unmet else []),
        *(f"{verdict.expectation}: {verdict.because}." for verdict in broken),
    )


def _is_unmet(verdict: Verdict) -> bool:
    return verdict.kind in EXERCISED and verdict.finding != "held"


def _not_exercised(run: Run) -> str:
    """Which injections met nothing; what the others met stands."""
    required = [planned.injection for planned in run.injections if not planned.optional]
    unmet = [injection for injection in required if not run.met(injection)]
    stand = [planned.injection for planned in run.injections if run.met(planned.injection)]
    if unmet and stand:
        return f"Not exercised: {listed(unmet)} met nothing. What {listed(stand)} met, and what the clients made of it, stands."
    if stand:
        return "Not exercised: a client that is judged met no fault."
    return "No fault is known to have met anything, so the run says nothing about the clients."


def _fates(run: Run, figures: Sequence[ClientFigures]) -> str:
    if not figures:
        return "No client became ready."
    if all(client.fate == "unreported" for client in figures):
        return "A command of your own ran: what is seen of it are its lookups and the requests that arrived."
    if not any(client.calls for client in figures):
        return "No client made a call."
    if not run.fault_spans:
        ok, calls = sum(client.ok for client in figures), sum(client.calls for client in figures)
        return f"No fault was planned; {ok} of {plural(calls, 'call')} succeeded."
    lasted = sum(end - start for start, end in run.fault_spans)
    order: list[Effect] = [
        "unaffected",
        "unharmed",
        "slowed",
        "retried",
        "partly",
        "down",
        "unfinished",
        "untested",
        "unreported",
    ]
    fates = [_fate_of(run, client) for client in sorted(figures, key=lambda client: order.index(client.fate))]
    if len(fates) > _FATES_MOST:
        more = len(fates) - _FATES_MOST
        fates[_FATES_MOST:] = [f"{more} more {'is' if more == 1 else 'are'} shown below"]
    several = len(run.fault_spans) > 1
    when = (
        f"While a fault was on ({format_duration(lasted)} in all)"
        if several
        else f"In the {format_duration(lasted)} of the fault"
    )
    return f"{when}, {'; '.join(fates)}."


def _fate_of(run: Run, client: ClientFigures) -> str:
    calls = calls_under_fault(run, client.name)
    ok = sum(call.result == "ok" for call in calls)
    if client.fate == "unaffected":
        return f"{client.name} never noticed ({ok} of {plural(len(calls), 'call')} succeeded)"
    if client.fate == "unharmed":
        return f"{client.name} met it and lost nothing ({ok} of {plural(len(calls), 'call')} succeeded)"
    if client.fate == "slowed":
        longest = max(call.elapsed_ns or 0 for call in calls)
        usual = f", baseline {format_duration(client.pace.median_ns)}" if client.pace else ""
        return f"{client.name} was slowed (longest {format_duration(longest)}{usual})"
    if client.fate == "unfinished":
        return f"{client.name} finished none of {plural(len(calls), 'call')}"
    if client.fate == "retried":
        longest = max(call.elapsed_ns or 0 for call in calls)
        return f"{client.name} lost no call, but had to retry (longest call {format_duration(longest)})"
    if client.fate == "partly":
        return f"{client.name} lost {len(calls) - ok} of {plural(len(calls), 'call')}"
    if client.fate == "down":
        return (
            f"{client.name} lost all {plural(len(calls), 'call')}"
            if len(calls) > 1
            else f"{client.name} lost its one call"
        )
    return f"{client.name} made no call"


def _contrast(run: Run) -> str:
    """Open connections against new ones, over all clients: the figure that explains most blanks."""
    ways = carried(run, "fault")
    pooled, dialed = ways.get("pooled"), ways.get("dialed")
    if not pooled or not dialed:
        return ""
    return (
        f"In the fault, over all clients, {pooled.ok} of {plural(pooled.calls, 'call')} that used a connection already open succeeded, "
        f"against {dialed.ok} of {dialed.calls} that tried to open one."
    )
