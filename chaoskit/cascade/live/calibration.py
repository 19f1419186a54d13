"""Real beside simulated: the curves of one run, and of the same policies in virtual time, with a stated distance.

The distance of two curves is the mean of their difference over the run, on a grid of ``GRID_S``, as a share of the largest value that the
curve can have: of the droplets, of the launches that are wanted, of the targets that there are in the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from chaoskit.cascade.live import read_part
from chaoskit.cascade.live.account import Level, launches_of, levels_of
from chaoskit.cascade.live.herd_course import herd_lines
from chaoskit.cascade.live.parts.balancer import Balancer
from chaoskit.cascade.live.parts.droplets import Droplets
from chaoskit.cascade.live.parts.launches import Launches
from chaoskit.cascade.live.parts.network import Network
from chaoskit.cascade.live.simulated_world import World, play_world
from chaoskit.journal.calls import Call
from chaoskit.journal.run import Run
from chaoskit.units import SECOND

GRID_S = 0.1
MOST_APART = 0.15
"""The distance up to which a curve counts as the same; measured on a machine of two cores under load, see docs/cascade.md."""

P = TypeVar("P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One curve, real and simulated, as (second, value); ``full`` is what its distance is a share of."""

    name: str
    full: float
    real: Level
    simulated: Level
    length_s: float

    @property
    def distance(self) -> float:
        """The mean difference, as a share of ``full``."""
        seconds = [GRID_S * number for number in range(int(self.length_s / GRID_S))]
        apart = [abs((self.real.at(second) or 0.0) - (self.simulated.at(second) or 0.0)) for second in seconds]
        return sum(apart) / max(1, len(apart)) / self.full

    @property
    def holds(self) -> bool:
        """Whether the two are the same curve, by ``MOST_APART``."""
        return self.distance <= MOST_APART


def compare(run: Run) -> list[Comparison]:
    """Each curve that the run has and a simulation can give; empty for a run without a lease manager, or without one outage."""
    world = world_of(run)
    if world is None:
        return []
    simulated = play_world(world)
    real = {level.name: level.points for level in levels_of(run)}
    launched_at = [second for second, answer in launches_of(run) if answer == "launched"]
    real["launches"] = ((0.0, 0.0), *((second, number + 1.0) for number, second in enumerate(launched_at)))
    full: dict[str, float] = {"leases held": world.droplets.droplets}
    if world.launches is not None:
        full["launches"] = max(1, min(world.launches.most, int(world.ends / world.launches.every)))
    if world.balancer is not None:
        full["targets in service"] = max(1.0, max((value for _, value in real.get("targets", ())), default=1.0))
    return [
        Comparison(
            name=name,
            full=most,
            real=Level(client="real", name=name, points=tuple(real[name])),
            simulated=Level(client="simulated", name=name, points=tuple(simulated[name])),
            length_s=world.ends / SECOND,
        )
        for name, most in full.items()
        if real.get(name) and simulated.get(name)
    ]


def world_of(run: Run) -> World | None:
    """What the simulation needs to know of a run: its parts, its outage, and how long its calls took."""
    experiment = run.header.experiment
    written: dict[str, Any] = experiment.get("clients") or {}
    labels = {client["part"]: label for label, client in written.items() if client.get("part")}
    droplets = _part(Droplets, "droplets", written, labels)
    begun = [level.points[0][0] for level in levels_of(run) if level.name == "leases held"]
    if droplets is None or len(run.fault_spans) != 1 or not begun:
        return None
    placement = ((experiment.get("services") or {}).get("ec2") or {}).get("placement") or {}
    start, end = run.fault_spans[0]
    return World(
        droplets=droplets,
        launches=_part(Launches, "launches", written, labels),
        network=_part(Network, "network", written, labels),
        balancer=_part(Balancer, "balancer", written, labels),
        labels=labels,
        per_droplet=placement.get("per_droplet", 1),
        begins=round(begun[0] * SECOND),
        outage=(start - run.origin, end - run.origin),
        ends=run.ends - run.origin,
        seed=run.header.seed,
        database_ns=_latencies(run.calls.get(labels["droplets"], ())),
        ec2_ns=_latencies(run.calls.get(labels.get("launches", ""), ())),
    )


def _part(kind: type[P], part: str, written: dict[str, Any], labels: dict[str, str]) -> P | None:
    if part not in labels:
        return None
    read = read_part(part, written[labels[part]].get("settings") or {})
    assert isinstance(read, kind)
    return read


def _latencies(calls: Sequence[Call]) -> list[int]:
    """How long the calls took that succeeded."""
    return [call.finished - call.started for call in calls if call.finished is not None and call.result == "ok"]


def lines(run: Run, comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Real beside simulated, for a terminal and the page."""
    for comparison in comparisons:
        word = "the same" if comparison.holds else "NOT THE SAME"
        last = (comparison.real.points[-1][1], comparison.simulated.points[-1][1])
        yield (
            f"{comparison.name}: real and simulated are {comparison.distance:.1%} apart on average over the run, {word} up to "
            f"{MOST_APART:.0%}; at the end {last[0]:g} and {last[1]:g} of {comparison.full:g}"
        )
    yield from herd_lines(run)
