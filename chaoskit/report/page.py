"""The page: one self-contained HTML file that explains a run to someone who has never seen chaoskit.

It needs no network and no other file, and says all it says without its script, which only adds a filter to the evidence. Whatever
comes from the journal goes through Jinja2's autoescape, or through ``chaoskit.charts``, which escapes too.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaoskit.charts.files import FOLDER as CHARTS
from chaoskit.journal.command import command_end, user_agents
from chaoskit.journal.recovery import Recovery
from chaoskit.journal.run import Run
from chaoskit.page_templates import page_environment
from chaoskit.report.backoffs import backoff_charts
from chaoskit.report.client_table import lived_rows
from chaoskit.report.docker_resolver import EXPLAINED, behind_docker
from chaoskit.report.drawing import draw
from chaoskit.report.drill_lane import drill_part
from chaoskit.report.evidence import Links, lines_of, links_of
from chaoskit.report.figures import ClientFigures, all_figures
from chaoskit.report.headline import headline_of
from chaoskit.report.health import all_injections, health_of
from chaoskit.report.lookups import STATE_WORDS
from chaoskit.report.over_time import CLIENTS_MOST, herd_charts, latency_charts, lookups_chart
from chaoskit.report.unexercised import unexercised
from chaoskit.report.why import Reason, explain
from chaoskit.report.words import (
    FATE_MEANING,
    FATE_WORDS,
    connection_words,
    duration,
    lag_words,
    percent,
    plural,
    seconds,
)
from chaoskit.units import MILLISECOND, SECOND
from chaoskit.verdict import Outcome, Verdict

SCRIPT = Path(__file__).parent / "templates" / "page.js"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A reason with its links."""

    text: str
    links: Links


@dataclass(frozen=True, slots=True)
class Card:
    """One client at the top of the page."""

    figures: ClientFigures
    reasons: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One verdict with its links."""

    verdict: Verdict
    links: Links


@dataclass(frozen=True, slots=True)
class LagBar:
    """One bar of the chart of recovery lags; ``share`` of the longest. ``text`` stands beside it."""

    name: str
    share: float
    text: str
    kind: str


def render_page(run: Run, verdicts: Sequence[Verdict], outcome: Outcome) -> str:
    """The whole HTML of a run's page."""
    figures = all_figures(run)
    injections = all_injections(run)
    health = health_of(run)
    connections = run.connections
    cards = [Card(client, _sentences(run, explain(run, client, connections))) for client in figures]
    judged = [Judged(verdict, links_of(run, verdict.evidence)) for verdict in verdicts]
    drawing = draw(run, figures, injections)
    linked = [link for item in judged for link in item.links.seqs]
    linked += [seq for card in cards for reason in card.reasons for seq in reason.links.seqs]
    linked += [seq for injection in injections for span in injection.shown for seq in span.seq]
    linked += [error.seq for client in figures for error in client.errors]
    linked += [seq for seq, _ in (*health.failures, *health.died)]
    script = SCRIPT.read_text()
    html: str = _template().render(
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        run=run,
        header=run.header,
        question=run.header.experiment.get("question") or "",
        when=datetime.fromtimestamp(run.header.epoch_ns / SECOND, UTC).strftime("%d %B %Y, %H:%M:%S UTC"),
        length=run.ends - run.origin,
        outcome=outcome,
        headline=headline_of(run, figures, health, verdicts, outcome),
        cards=cards,
        judged=judged,
        drawing=drawing,
        drill=drill_part(run, drawing.end),
        latencies=latency_charts(run, figures, drawing.end),
        uncharted=max(0, len(figures) - CLIENTS_MOST),
        lookups=lookups_chart(run, drawing.end),
        herds=herd_charts(run),
        backoffs=backoff_charts(run, figures),
        unexercised=unexercised(run, figures),
        lags=_lags(figures),
        lag_ticks=_lag_ticks(figures),
        lived=lived_rows(run, figures),
        figures=figures,
        injections=injections,
        health=health,
        command=command_end(run),
        agents=user_agents(run) if command_end(run) else (),
        behind=behind_docker(run),
        behind_explained=EXPLAINED,
        evidence=lines_of(run, linked),
    )
    return html


def _sentences(run: Run, reasons: Sequence[Reason]) -> tuple[Sentence, ...]:
    return tuple(Sentence(reason.text, links_of(run, reason.evidence, most=4)) for reason in reasons)


def _lags(figures: Sequence[ClientFigures]) -> tuple[LagBar, ...]:
    longest = max((_shown_ns(client.recovery) for client in figures), default=0)
    return tuple(_lag(client, longest) for client in figures)


def _lag(client: ClientFigures, longest: int) -> LagBar:
    lag = client.recovery.lag_ns
    if client.fate == "untested":
        return LagBar(client.name, 0.0, "not tested", "none")
    if client.fate == "unreported":
        return LagBar(client.name, 0.0, "not known", "none")
    if client.recovery.status == "unknown":
        return LagBar(client.name, 0.0, "unknown", "none")
    share = _bar_share(_shown_ns(client.recovery), longest)
    if client.recovery.status == "not back":
        return LagBar(client.name, share, "did not recover in the time that was seen", "never")
    if lag is None:
        return LagBar(client.name, 0.0, FATE_WORDS[client.fate], "none")
    if lag <= 0:
        return LagBar(client.name, 0.0, f"well since {duration(-lag)} before the end", "none")
    return LagBar(client.name, share, duration(lag), "lag")


def _lag_ticks(figures: Sequence[ClientFigures]) -> tuple[LagBar, ...]:
    """Labels of the bars' scale: powers of ten of 1 ms, as far as the longest bar reaches."""
    longest = max((_shown_ns(client.recovery) for client in figures), default=0)
    powers = [ns for ns in (10**power * MILLISECOND for power in range(1, 8)) if ns <= longest]
    return tuple(LagBar("", _bar_share(ns, longest), duration(ns), "tick") for ns in powers)


def _shown_ns(recovery: Recovery) -> int:
    """The length of time that a bar stands for: the lag, or for a client that did not come back, how long it was watched."""
    if recovery.status == "not back" and recovery.episode:
        return recovery.episode.seen_ns
    return max(0, recovery.lag_ns or 0)


def _bar_share(ns: int, longest: int) -> float:
    """A bar's share of the longest, on a logarithmic scale from 1 ms, so that 15 ms and 15 s can both be seen."""
    if ns <= 0 or longest <= 0:
        return 0.0
    return math.log1p(ns / MILLISECOND) / math.log1p(longest / MILLISECOND)


def _template() -> Any:
    environment = page_environment(Path(__file__).parent / "templates", CHARTS)
    environment.filters |= {"duration": duration, "percent": percent}
    environment.globals |= {
        "seconds": seconds,
        "plural": plural,
        "connection_words": connection_words,
        "lag_words": lag_words,
        "fate_words": FATE_WORDS,
        "fate_meaning": FATE_MEANING,
        "state_words": STATE_WORDS,
    }
    return environment.get_template("page.html.j2")
