"""The table "what each client lived through": one column a client, one row a figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from chaoskit.clients.probe import HTTP_PROBES
from chaoskit.journal.run import PHASES, Phase, Run
from chaoskit.report.amplification import loads_of
from chaoskit.report.answers import Answers, answers_of
from chaoskit.report.figures import ClientFigures
from chaoskit.report.words import (
    FATE_WORDS,
    connection_words,
    duration,
    duration_range,
    lag_words,
    percent,
    plural,
    range_of,
    seconds,
)

Cell = tuple[str, ...]
"""The lines of one cell."""

_PHASE_WORDS: dict[Phase, str] = {
    "baseline": "before the fault",
    "fault": "in the fault",
    "recovery": "after the fault",
}

_SETTINGS_ALOOF = ("connection", "retry_mode")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of every client. ``hint`` says how it was measured."""

    label: str
    hint: str
    cells: tuple[Cell, ...]


def lived_rows(run: Run, figures: Sequence[ClientFigures]) -> tuple[Row, ...]:
    """The table's rows, in reading order."""
    rows: list[tuple[str, str, Callable[[ClientFigures], Cell]]] = [
        ("SDK", "as the client process reported", _sdk),
        ("Connections", "the client's setting", _connection),
        ("Retry mode", "the client's setting", lambda c: (c.settings.get("retry_mode", "–"),)),
        ("Other settings", "", _settings),
        *(
            (
                f"Success {_PHASE_WORDS[phase]}",
                f"calls that started then{', or met a fault' if phase == 'fault' else ''}",
                _success(phase),
            )
            for phase in PHASES
            if phase == "baseline" or run.fault_spans
        ),
        (
            "Longest time without a success",
            "from the first call to the end of the run",
            lambda c: (duration(c.gap_ns),),
        ),
        ("Longest call", "start to end, as the application waited", lambda c: _longest(run, c)),
        (
            "Recovery lag",
            "from the end of a fault to the end of the last troubled call; the longest of all faults",
            _lag,
        ),
        ("DNS lookups", "from the DNS server's query log", _lookups),
        ("Calls over an open connection", "no lookup, and not the first request on its connection", _pooled),
        ("Attempts per failed call", "from the SDK's own report", lambda c: (range_of(c.attempts_per_failed),)),
        (
            "Attempts for each call",
            "from the SDK's own report: the load on whatever is retried",
            _amplified(run, "attempts"),
        ),
        ("Lookups for each call", "the load on the name server", _amplified(run, "lookups")),
        ("Failed calls gave up after", "start to end", lambda c: (duration_range(c.failed_after_ns),)),
        ("Back-off between attempts", "attempt n to n+1: median (range), samples", _sleeps),
        ("Error the application saw", "outermost class, root cause, meaning", _errors),
    ]
    return tuple(
        Row(label, hint, tuple(cell(client) for client in figures))
        for label, hint, cell in (*rows, *_answers(run, figures))
    )


def _answers(run: Run, figures: Sequence[ClientFigures]) -> list[tuple[str, str, Callable[[ClientFigures], Cell]]]:
    """Rows that only runs with probes have."""
    answers = {client.name: answers_of(run, client.name) for client in figures}
    phases = [phase for phase in PHASES if phase == "baseline" or run.fault_spans]

    def cell(
        line: Callable[[Answers, Phase], str], *, of: Callable[[ClientFigures], bool]
    ) -> Callable[[ClientFigures], Cell]:
        def lines(client: ClientFigures) -> Cell:
            own = answers[client.name]
            if own is None or not of(client):
                return ("–",)
            return tuple(f"{_PHASE_WORDS[phase]}: {line(own, phase)}" for phase in phases)

        return lines

    rows: list[tuple[str, str, Callable[[ClientFigures], Cell]]] = []
    if any(own is not None for own in answers.values()):
        hint = "of calls that succeeded, start to end: so many percent took at most so long"
        rows.append(("Latency", hint, cell(Answers.latency_line, of=lambda _: True)))
    if any(client.use in HTTP_PROBES for client in figures):
        rows.append(
            ("Statuses", "of the answers", cell(Answers.status_line, of=lambda client: client.use in HTTP_PROBES))
        )
    return rows


def _sdk(client: ClientFigures) -> Cell:
    versions = tuple(f"{name} {version}" for name, version in client.versions.items())
    return versions if client.use in client.versions else (client.use, *versions)


def _connection(client: ClientFigures) -> Cell:
    setting = client.settings.get("connection")
    if setting is None:
        return ("–",)
    words = connection_words(setting)
    return (setting,) if words == setting else (setting, words)


def _settings(client: ClientFigures) -> Cell:
    rest = [f"{name} {value}" for name, value in client.settings.items() if name not in _SETTINGS_ALOOF]
    return tuple(rest) or ("–",)


def _success(phase: Phase) -> Callable[[ClientFigures], Cell]:
    def cell(client: ClientFigures) -> Cell:
        count = client.phase(phase)
        if not count.calls:
            return ("no call",)
        hung = f", {count.unknown} never ended" if count.unknown else ""
        return (percent(count.share_ok), f"{count.ok} of {plural(count.calls, 'call')}{hung}")

    return cell


def _amplified(run: Run, what: Literal["attempts", "lookups"]) -> Callable[[ClientFigures], Cell]:
    def cell(client: ClientFigures) -> Cell:
        ratios = [
            (load.phase, load.attempts_per_call if what == "attempts" else load.lookups_per_call)
            for load in loads_of(run, client.name)
        ]
        return tuple(f"{ratio:.3g} {_PHASE_WORDS[phase]}" for phase, ratio in ratios if ratio is not None) or ("–",)

    return cell


def _longest(run: Run, client: ClientFigures) -> Cell:
    call = client.longest
    if call is None:
        return ("–",)
    what = "still under way at the end" if call.finished is None else call.result
    return (duration(call.elapsed_ns), f"call {call.number} at {seconds(call.started, run.origin)}, {what}")


def _lag(client: ClientFigures) -> Cell:
    recovery = client.recovery
    if client.fate == "unreported":
        return ("not known", "it reports no calls")
    if recovery.status == "unknown" or client.fate == "untested":
        return ("unknown", "it was not tested" if client.fate == "untested" else "nothing shows how it fared")
    if recovery.status == "not back":
        return ("did not recover", "in the time that was seen")
    if recovery.lag_ns is None:
        return ("none", FATE_WORDS[client.fate])
    return (lag_words(recovery),)


def _lookups(client: ClientFigures) -> Cell:
    in_fault = f"{client.lookups_in_fault} in the fault"
    if client.lookups_in_fault:
        in_fault += f", {client.lookups_empty_in_fault} without an address"
    return (f"{client.lookups} in all", in_fault)


def _pooled(client: ClientFigures) -> Cell:
    if not client.carried:
        return ("–",)
    return (percent(client.pooled / client.carried), f"{client.pooled} of {plural(client.carried, 'call')} known")


def _sleeps(client: ClientFigures) -> Cell:
    lines = []
    for step in client.sleeps:
        slept = step.slept_ns
        spread = "" if slept.n == 1 else f" ({duration(slept.least)} to {duration(slept.most)}), n={slept.n}"
        lines.append(f"{step.after} to {step.after + 1}: {duration(slept.middle)}{spread}")
    return tuple(lines) or ("none",)


def _errors(client: ClientFigures) -> Cell:
    lines: list[str] = []
    for error in client.errors[:4]:
        lines.append(f"{error.count} × {error.type.rsplit('.', 1)[-1]}")
        number = f" errno {error.errno}" if error.errno is not None else ""
        lines.append(f"caused by {error.root_type.rsplit('.', 1)[-1]}{number}: {error.meaning or error.root_message}")
    if len(client.errors) > 4:
        lines.append(f"and {len(client.errors) - 4} other kinds")
    return tuple(lines) or ("none",)
