"""The last words of a run in the terminal: verdicts, one line a client, and where the files are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chaoskit.expect._harness import SWITCH_WITHIN_NS
from chaoskit.journal.command import command_end
from chaoskit.journal.run import Run
from chaoskit.report.docker_resolver import EXPLAINED, behind_docker
from chaoskit.report.figures import ClientFigures, all_figures
from chaoskit.report.headline import Headline, headline_of
from chaoskit.report.health import all_injections, health_of
from chaoskit.report.words import FATE_WORDS, duration, lag_words, plural
from chaoskit.verdict import Finding, Outcome, Verdict

if TYPE_CHECKING:
    from rich.console import Console

_SIGNS: dict[Finding, tuple[str, str]] = {
    "held": ("held", "green"),
    "broken": ("BROKEN", "bold red"),
    "unknown": ("unknown", "yellow"),
}
_OUTCOMES: dict[Outcome, str] = {
    Outcome.PASSED: "bold green",
    Outcome.FAILED: "bold red",
    Outcome.NOT_EXERCISED: "bold yellow",
    Outcome.INVALID: "bold yellow",
}


def print_verdicts(
    console: Console, run: Run, verdicts: Sequence[Verdict], outcome: Outcome, paths: Sequence[Path]
) -> None:
    """Print the verdict table, what became of each client, the outcome, and ``paths``.

    Nothing that comes from a journal is read as markup.
    """
    from rich.text import Text

    figures = all_figures(run)
    console.print()
    if verdicts:
        console.print(_verdict_table(verdicts))
        console.print()
    if figures:
        console.print(_client_table(run, figures))
        console.print()
    _print_outcome(console, run, headline_of(run, figures, health_of(run), verdicts, outcome), outcome)
    for injection in all_injections(run):
        off_by = max((span.off_by_ns or 0 for span in injection.spans if span.differs), default=0)
        if off_by:
            text = (
                f"{injection.id} was switched up to {duration(off_by)} before or after the edge of its window. "
                f"Verdicts go by the plan; a switch more than {duration(SWITCH_WITHIN_NS)} late would make the run invalid."
            )
            console.print(Text(text, style="yellow"))
    if behind := behind_docker(run):
        console.print(Text(EXPLAINED))
        for pair in behind.pairs:
            text = f"  {pair.client}: chaoskit said {pair.said}, the app saw {pair.made}: {plural(pair.calls, 'call')}"
            console.print(Text(text))
        if behind.searched:
            console.print(Text(f"  search domains made {', '.join(behind.searched)}"))
    console.print()
    for path in paths:
        # Never wrapped: a path is there to be copied.
        console.print(Text(str(path)), soft_wrap=True)


def _print_outcome(console: Console, run: Run, headline: Headline, outcome: Outcome) -> None:
    """How the run ended and why. A command's exit code is its result, and no outcome of ours."""
    from rich.text import Text

    if command_end(run) is not None and outcome is not Outcome.INVALID:
        console.print(Text(headline.outcome[0]))
    else:
        console.print(Text.assemble((outcome.value.upper(), _OUTCOMES[outcome]), "  ", headline.outcome[0]))
    if outcome in (Outcome.INVALID, Outcome.NOT_EXERCISED):
        for sentence in headline.outcome[1:]:
            console.print(Text(f"  {sentence}"))
    if headline.contrast:
        console.print(Text(headline.contrast))


def _verdict_table(verdicts: Sequence[Verdict]) -> object:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("finding", no_wrap=True)
    longest_word = max((len(word) for verdict in verdicts for word in verdict.expectation.split()), default=0)
    table.add_column("expectation", overflow="fold", max_width=min(40, max(30, longest_word)))  # names stay whole
    table.add_column("because", overflow="fold")
    for verdict in verdicts:
        word, style = _SIGNS[verdict.finding]
        table.add_row(Text(word, style=style), Text(verdict.expectation), Text(verdict.because))
    return table


def _client_table(run: Run, figures: Sequence[ClientFigures]) -> object:
    from rich.table import Table
    from rich.text import Text

    faulty = bool(run.fault_spans)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("client", overflow="fold", max_width=20)
    if faulty:
        table.add_column("in the fault", no_wrap=True)
    table.add_column("calls ok", justify="right", no_wrap=True)
    table.add_column("longest", justify="right", no_wrap=True)
    table.add_column("no success for", justify="right", no_wrap=True)
    if faulty:
        table.add_column("back after", justify="right", no_wrap=True)
    for client in figures:
        count = client.phase("fault" if faulty else "baseline")
        longest = duration(client.longest.elapsed_ns) if client.longest else "–"
        row = [client.name, f"{count.ok}/{count.calls}", longest, duration(client.gap_ns)]
        if faulty:
            row.insert(1, FATE_WORDS[client.fate])
            row.append(lag_words(client.recovery))
        table.add_row(*(Text(cell) for cell in row))
    return table
