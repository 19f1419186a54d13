"""Back-offs as measured beside what the SDK's documents say: each pause a dot, the documented range a band. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from html import escape

from chaoskit.charts.axis import Axis, log_axis, seconds_label
from chaoskit.journal.run import Run
from chaoskit.report.figures import ClientFigures
from chaoskit.report.words import plural
from chaoskit.sim.backoff import BackOff
from chaoskit.sim.policies import policy_of
from chaoskit.units import MILLISECOND, SECOND, format_duration

DOTS_MOST = 150
"""Dots of one row; of more pauses every nth is drawn, and the row says of how many."""

WIDTH, LEFT, ROW = 560, 118, 26
SDK_PACKAGES = {"boto3": "botocore", "javascript": "@smithy/core", "go": "aws-sdk-go-v2", "java": "aws-sdk-java"}
"""The package of each client whose version decides what its documents say."""


def documented_policy(client: ClientFigures) -> BackOff | None:
    """The policy that a client's SDK documents; None where none is known, or where the client was spans other attempts."""
    package = SDK_PACKAGES.get(client.use)
    mode = client.settings.get("retry_mode", "").removeprefix("default (").removesuffix(")")
    if package is None or package not in client.versions or mode not in ("", "default", "standard", "legacy"):
        return None
    if client.settings.get("max_attempts", "default") != "default":
        return None
    chosen = mode if client.use in ("boto3", "java") and mode not in ("", "default") else None
    return policy_of(client.use, client.versions[package], chosen, client.settings.get("service", ""))


def backoff_charts(run: Run, figures: Sequence[ClientFigures]) -> list[str]:
    """One figure for each client that was seen to pause between attempts."""
    return [chart for client in figures if (chart := _chart(run, client))]


def _chart(run: Run, client: ClientFigures) -> str | None:
    pauses: dict[int, list[int]] = defaultdict(list)
    for call in run.calls[client.name]:
        for attempt in call.attempts:
            if attempt.slept_ns is not None:
                pauses[attempt.number - 1].append(attempt.slept_ns)
    if not pauses:
        return None
    policy = documented_policy(client)
    rows = sorted(pauses)
    bounds = {retry: policy.bounds(retry) for retry in rows if policy and retry < policy.attempts}
    edges = [ns / SECOND for pair in bounds.values() for ns in pair]
    axis = log_axis(
        [*edges, *(ns / SECOND for row in pauses.values() for ns in row)], MILLISECOND / SECOND, LEFT, WIDTH - 14
    )
    height = ROW * len(rows) + 28
    spans = "; ".join(
        f"after attempt {retry}: {format_duration(min(pauses[retry]))} to {format_duration(max(pauses[retry]))}"
        for retry in rows
    )
    title = f"{client.name}: pauses between attempts"
    parts = [f'<svg viewBox="0 0 {WIDTH} {height}" role="img"><title>{escape(f"{title}. {spans}.")}</title>']
    for value in axis.ticks(6):
        x = axis.place(value)
        anchor = "end" if x > WIDTH - 40 else "middle"
        parts.append(f'<path class="grid" d="M{x} 4V{height - 22}"/>')
        parts.append(
            f'<text class="small" x="{x}" y="{height - 6}" text-anchor="{anchor}">{seconds_label(value)}</text>'
        )
    for place, retry in enumerate(rows):
        parts += _row(axis, 4 + place * ROW, retry, sorted(pauses[retry]), bounds.get(retry))
    return (
        f'<figure class="chart"><figcaption>{escape(title)}</figcaption>'
        f'<ul class="keys"><li><span class="key s0"></span>one pause, as measured</li>{_key(policy)}</ul>'
        f"{''.join(parts)}</svg></figure>"
    )


def _key(policy: BackOff | None) -> str:
    if policy is None:
        return "<li>what this client's documents say is not known here</li>"
    words = f"documented ({policy.name}: {policy.source}): {policy.attempts} attempts, {policy.jitter} jitter"
    return f'<li><span class="key s3"></span>{escape(words)}</li>'


def _row(axis: Axis, y: float, retry: int, pauses: Sequence[int], bounds: tuple[int, int] | None) -> list[str]:
    middle = y + ROW / 2
    label = f"{retry} to {retry + 1}: {plural(len(pauses), 'pause')}"
    parts = [f'<text class="small" x="4" y="{middle + 4}">{label}</text>']
    if bounds:
        begin, end = (axis.place(max(ns, 1) / SECOND) for ns in bounds)
        words = f"documented: {format_duration(bounds[0])} to {format_duration(bounds[1])}"
        parts.append(
            f'<rect class="band" x="{begin}" y="{y + 4}" width="{max(3.0, round(end - begin, 1))}" height="{ROW - 8}">'
            f"<title>{words}</title></rect>"
        )
    step = -(-len(pauses) // DOTS_MOST)
    shown = [*pauses[::step], *([pauses[-1]] if step > 1 else [])]
    for ns in shown:
        x = axis.place(max(ns, 1) / SECOND)
        parts.append(
            f'<circle class="dot s0" cx="{x}" cy="{middle}" r="3"><title>{format_duration(ns)}</title></circle>'
        )
    return parts
