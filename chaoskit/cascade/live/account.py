"""What a real cascade's journal tells, for people: what users lost, how levels went, which launches EC2 let through. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chaoskit.clock import Instant
from chaoskit.journal.events import LevelMeasured, RequestAnswered, RequestArrived, UserOutcome, UserServed
from chaoskit.journal.run import Run
from chaoskit.units import SECOND, format_duration

OUTCOME_WORDS: Mapping[UserOutcome, str] = {
    "served": "as they should be",
    "fallback": "by a substitute",
    "late": "late",
    "lost": "lost",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What became of the wishes of one app's users: ``amounts`` by outcome, in ``unit``.

    ``worst_ns`` is the longest time that a wish took which came late, ``because`` the most frequent reason of what was not served.
    """

    client: str
    part: str
    unit: str
    amounts: Mapping[UserOutcome, float]
    worst_ns: int | None
    because: str

    @property
    def wanted(self) -> float:
        """All that became of anything."""
        return sum(self.amounts.values())

    def amount(self, outcome: UserOutcome) -> float:
        """How much had this outcome."""
        return self.amounts.get(outcome, 0.0)


def losses_of(run: Run) -> list[Loss]:
    """The losses by app, in the order of the experiment's clients."""
    served = [event for _, event in run.of(UserServed)]
    losses = []
    for client, ready in run.clients.items():
        mine = [event for event in served if event.client == client]
        for unit in dict.fromkeys(event.unit for event in mine):
            events = [event for event in mine if event.unit == unit]
            amounts: dict[UserOutcome, float] = {}
            for event in events:
                amounts[event.outcome] = amounts.get(event.outcome, 0.0) + event.amount
            late = [event.at - event.wanted_at for event in events if event.outcome == "late"]
            reasons = Counter(event.because for event in events if event.outcome != "served" and event.because)
            losses.append(
                Loss(
                    client=client,
                    part=ready.settings.get("part", ready.use),
                    unit=unit,
                    amounts=amounts,
                    worst_ns=max(late, default=None),
                    because=reasons.most_common(1)[0][0] if reasons else "",
                )
            )
    return losses


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A level of one participant: (seconds of the experiment, value) at each change."""

    client: str
    name: str
    points: tuple[tuple[float, float], ...]

    def at(self, second: float) -> float | None:
        """The value at that second; None before the first measurement."""
        value = None
        for instant, measured in self.points:
            if instant > second:
                break
            value = measured
        return value

    @property
    def least(self) -> float:
        return min(value for _, value in self.points)

    @property
    def most(self) -> float:
        return max(value for _, value in self.points)


def levels_of(run: Run) -> list[Level]:
    """Every level that was told, in order of first mention."""
    points: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _, event in run.of(LevelMeasured):
        points.setdefault((event.client, event.name), []).append(((event.at - run.origin) / SECOND, event.value))
    return [Level(client=client, name=name, points=tuple(of_it)) for (client, name), of_it in points.items()]


def launches_of(run: Run) -> list[tuple[float, str]]:
    """EC2's answers to ``RunInstances``: the second of the experiment, and ``launched`` or the error's code."""
    asked: dict[int, Instant] = {
        event.request: event.at for _, event in run.of(RequestArrived) if event.operation == "RunInstances"
    }
    return [
        ((event.at - run.origin) / SECOND, event.error or "launched")
        for _, event in run.of(RequestAnswered)
        if event.request in asked
    ]


def lines(run: Run) -> Iterator[str]:
    """The account for a terminal."""
    losses = losses_of(run)
    if losses:
        yield "What it meant to users:"
    for loss in losses:
        yield f"  {loss.client} ({loss.part.replace('_', ' ')}): {sentence(loss)}"
    levels = levels_of(run)
    if levels:
        yield "Levels, least and most, and at the end:"
    for level in levels:
        last = level.points[-1][1]
        yield f"  {level.client}: {level.name} {level.least:g} to {level.most:g}, {last:g} at the end"
    launches = Counter(answer for _, answer in launches_of(run))
    if launches:
        yield "EC2's answers to RunInstances: " + ", ".join(f"{answer} {n}" for answer, n in launches.most_common())


def sentence(loss: Loss) -> str:
    """What was lost, in the users' words."""
    thing, _, participle = loss.unit.partition(" ")
    plural = f"{thing}{'es' if thing.endswith('ch') else 's'} {participle}".rstrip()
    text = f"of {loss.wanted:.3g} {plural}, {loss.amount('lost'):.3g} were lost"
    if loss.amount("fallback"):
        text += f", {loss.amount('fallback'):.3g} had by a substitute"
    if loss.amount("late"):
        text += f", {loss.amount('late'):.3g} late (the latest after {format_duration(loss.worst_ns or 0)})"
    return text + (f"; most often: {loss.because}" if loss.because else "")


def per_second(points: Sequence[tuple[float, str]], answer: str, seconds: int) -> list[int]:
    """How many of ``points`` have this answer in each second of the experiment."""
    counts = [0] * seconds
    for second, each in points:
        if each == answer and 0 <= int(second) < seconds:
            counts[int(second)] += 1
    return counts
