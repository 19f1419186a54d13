"""Programs in virtual time: each is a list of calls on a shared dictionary, played by the real scheduler."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from chaoskit.hunt.policies import Policy
from chaoskit.hunt.schedule import CallId
from chaoskit.hunt.scheduler import Await, Release, Scheduler

Zone = dict[str, int]
Step = Callable[[Zone, dict[str, int]], None]
"""One call: what it does to the zone and to the program's own memory."""


@dataclass
class Played:
    """The order in which calls were answered, and the zone after each."""

    order: list[CallId] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)


def play(
    programs: Mapping[str, Sequence[Step]],
    policy: Policy,
    zone: Zone | None = None,
    *,
    eager: bool = True,
    broken: Callable[[Zone], bool] = lambda _: False,
) -> Played:
    """Run to the end, or to where ``broken``. ``eager``: programs call before anybody asks them, else only when they are waited for."""
    scheduler = Scheduler(list(programs), policy)
    zone = dict(zone or {})
    memory: dict[str, dict[str, int]] = {name: {} for name in programs}
    arrived = dict.fromkeys(programs, 0)
    played = Played()

    def go_on(name: str) -> None:
        if arrived[name] < len(programs[name]):
            arrived[name] = scheduler.arrived(name).number
        else:
            scheduler.ended(name)

    if eager:
        for name in programs:
            go_on(name)
    while True:
        match scheduler.decide():
            case Release(call):
                programs[call.program][call.number - 1](zone, memory[call.program])
                played.order.append(call)
                played.zones.append(dict(zone))
                scheduler.answered(call)
                if broken(zone):
                    return played
                if eager:
                    go_on(call.program)
            case Await(name):
                go_on(name)
            case _:
                return played


def nothing(zone: Zone, memory: dict[str, int]) -> None:
    """A call that does nothing."""
