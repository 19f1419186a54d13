"""The account of a day in the terminal, as plain lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chaoskit.cascade.day.account import Account, jitter_words
from chaoskit.cascade.day.counterfactuals import THRESHOLD_DRAWS, WINDOWS, Effect, Three
from chaoskit.cascade.day.fleet import FleetDay

ROLE_WORDS = {"input": "input", "fitted": "fitted", "sign": "sign only", "predicted": "predicted"}
COLUMNS = 96
BARS = " ▁▂▃▄▅▆▇█"

LANES = (
    "leases held",
    "attempts waiting",
    "network backlog",
    "launches that succeed",
)


def lines(account: Account) -> Iterator[str]:
    """The whole account."""
    fit = account.fit
    yield account.day.title
    yield ""
    for number, lesson in enumerate(account.lessons, 1):
        yield f"{number}. {lesson}"
    yield ""
    yield from _timeline(account)
    yield ""
    yield from _drawn(account)
    yield ""
    yield from _parameters(account)
    yield ""
    yield from _effects(account)
    yield ""
    yield from threshold_words(account)
    yield ""
    for sign in account.signs:
        yield f"{'holds' if sign.holds else 'DOES NOT HOLD'}: {sign.what}: {sign.because}"
    yield ""
    seeds = ", ".join(str(seed) for seed in account.seeds)
    yield f"seed of the draws {fit.seed}, {fit.drawn:,} draws; seeds of the fleet {seeds}, {account.plays[0].settings.hosts:,} hosts"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns in line, the first row above a rule."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        if not number:
            yield "  ".join("-" * width for width in widths)


def _timeline(account: Account) -> Iterator[str]:
    yield "The published day and the model's"
    rows = [("PDT", "what", "role", "source", "model (5 to 95 %)")]
    rows += [
        (line.row.clock, line.row.what, ROLE_WORDS[line.row.role], line.row.source, line.model) for line in account.rows
    ]
    yield from table(rows)
    yield score_words(account)
    yield "What an interval would be if a fitted phase were held out (90 %, minutes), beside the published length:"
    for held in account.fit.held_out:
        yield f"  {held.phase}: {held.low:.0f} to {held.high:.0f}, published {held.published:.0f}"


def score_words(account: Account) -> str:
    """Whether anything is scored."""
    if not account.day.predicted:
        return (
            "Nothing is held out: each fitted row has a parameter of its own, so no row is a prediction and nothing is scored. "
            "As intervals below show, a row left out would be met by nearly anything."
        )
    return f"{len(account.day.predicted)} rows are held out."


def lane_values(fleet: FleetDay) -> dict[str, list[float]]:
    """Each lane minute by minute, from 0 to 1."""
    hosts = fleet.settings.hosts
    most_waiting = max(1, *(minute.waiting for minute in fleet.minutes))
    most_backlog = max(1.0, *(minute.backlog for minute in fleet.minutes))
    return {
        LANES[0]: [minute.held / hosts for minute in fleet.minutes],
        LANES[1]: [minute.waiting / most_waiting for minute in fleet.minutes],
        LANES[2]: [minute.backlog / most_backlog for minute in fleet.minutes],
        LANES[3]: [min(1.0, minute.launches_done / max(1.0, minute.launches_wanted)) for minute in fleet.minutes],
    }


def lane_scales(fleet: FleetDay) -> dict[str, str]:
    """What a full lane is."""
    return {
        LANES[0]: f"{fleet.settings.hosts:,} hosts",
        LANES[1]: f"{max(minute.waiting for minute in fleet.minutes):,}",
        LANES[2]: f"{max(minute.backlog for minute in fleet.minutes):,.0f} changes",
        LANES[3]: "all wanted",
    }


def _drawn(account: Account) -> Iterator[str]:
    fleet = account.plays[0]
    day, minutes = account.day, len(fleet.minutes)
    yield f"The course of the day in a fleet of {fleet.settings.hosts:,} hosts (the accepted draw nearest to the middle of all)"
    scales = lane_scales(fleet)
    for name, values in lane_values(fleet).items():
        cells = []
        for column in range(COLUMNS):
            part = values[
                column * minutes // COLUMNS : max((column + 1) * minutes // COLUMNS, column * minutes // COLUMNS + 1)
            ]
            cells.append(BARS[round(sum(part) / len(part) * (len(BARS) - 1))])
        yield f"{name:>22} |{''.join(cells)}| full: {scales[name]}"
    axis = [" "] * (COLUMNS + 6)
    for hour in range(0, minutes // 60 + 1, 2):
        label = day.clock(hour * 60)
        place = hour * 60 * COLUMNS // minutes
        axis[place : place + len(label)] = label
    yield f"{'':>22}  {''.join(axis).rstrip()}"
    marks = [" "] * (COLUMNS + 1)
    named = [row for row in day.rows if row.event or row.phase]
    for number, row in enumerate(named):
        marks[min(COLUMNS, int(row.at_min * COLUMNS / minutes))] = chr(ord("a") + number)
    yield f"{'':>22}  {''.join(marks).rstrip()}"
    yield "  " + "; ".join(f"{chr(ord('a') + number)} {row.clock} {row.what}" for number, row in enumerate(named))
    for seed, play in zip(account.seeds, account.plays, strict=True):
        whens = [
            "not within the day" if at is None else day.clock(at / 60)
            for at in (play.leases_held_s, play.network_normal_s, play.recovered_s)
        ]
        yield (
            f"  seed {seed}: leases held {whens[0]}, network normal {whens[1]}, EC2 recovered {whens[2]}; "
            f"{play.served_for_nobody:,} attempts served for nobody, {play.refused:,} refused"
        )
    yield f"  {jitter_words(account)}"


def _parameters(account: Account) -> Iterator[str]:
    fit = account.fit
    blocks = ", ".join(f"{block} {count:,}" for block, count in fit.accepted.items())
    yield f"Prior and posterior at 5/50/95 % (accepted of {fit.drawn:,} draws: {blocks}; {len(fit.draws['lease']):,} are used)"
    rows = [("parameter", "prior", "posterior", "verdict", "why this prior")]
    rows += [
        (m.range.name, three_words(m.prior, 2), three_words(m.posterior, 2), m.verdict, m.range.because)
        for m in fit.marginals
    ]
    yield from table(rows)
    yield "Pinned down together: " + "; ".join(
        f"{name} {three_words(values, 2)}" for name, values in fit.pinned.items()
    )


def _effects(account: Account) -> Iterator[str]:
    yield "What would have changed the day, at 5/50/95 % of the draws"
    yield "customer-minutes left are shares of the published day's, by the stated load curve; nobody published the load"
    rows = [
        ("change", "rests on", "launches earlier, min", "EC2 recovered earlier, min", *(f"left: {w}" for w in WINDOWS))
    ]
    rows += [
        (
            effect.change.name,
            effect.change.kind,
            three_words(effect.launches_earlier, 0),
            three_words(effect.recovered_earlier, 0),
            *(left_words(effect, window) for window in WINDOWS),
        )
        for effect in account.table.effects
    ]
    yield from table(rows)
    yield worth_words(account)


def worth_words(account: Account) -> str:
    """The order of worth, as far as it holds."""
    groups = account.table.worth
    parts = [group[0] if len(group) == 1 else f"then, in no order that holds: {', '.join(group)}" for group in groups]
    return "By minutes until launches, in at least 95 % of the draws: " + "; ".join(parts) + "."


def left_words(effect: Effect, window: str) -> str:
    """``43/44/57 %``."""
    left = effect.left[window]
    return "none" if left is None else "/".join(f"{value * 100:.0f}" for value in left) + " %"


def threshold_words(account: Account) -> Iterator[str]:
    """What can be said where hours cannot."""
    table = account.table
    yield (
        "Thresholds instead of hours: the loop ends by itself when the retry period is "
        f"{three_words(table.retry_threshold, 1)} times as long, that is at (time-out + retry) ÷ re-lease time of what lapsed = "
        f"{three_words(table.period_threshold, 2)} (first {THRESHOLD_DRAWS:,} draws)"
    )
    elasticities = "; ".join(f"{name} {three_words(values, 2)}" for name, values in table.elasticities.items())
    yield f"Elasticities: the start of launches moves by so many per cent when a parameter grows by one per cent: {elasticities}"


def three_words(values: Three, digits: int = 0) -> str:
    """``55/57/60``."""
    return "/".join(f"{value:.{digits}f}" for value in values)
