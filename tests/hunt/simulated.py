"""Programs in virtual time: generators that read and write a shared set of addresses, played by the real scheduler.

A program yields ``READ``, and gets the addresses, or a function, which changes them; a failed call gives it None.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field

from chaoskit.hunt.policies import Policy
from chaoskit.hunt.schedule import CallId, Step
from chaoskit.hunt.scheduler import Await, Release, Scheduler
from chaoskit.hunt.trace import Trace, TracedCall, Trip

Zone = frozenset[int]
Write = Callable[[Zone], Zone]
READ = None
Calls = Generator[Write | None, Zone | None, None]
SimulatedProgram = Callable[[], Calls]


def nothing(calls: int) -> SimulatedProgram:
    """A program that reads so many times."""

    def program() -> Calls:
        for _ in range(calls):
            yield READ

    return program


def without(address: int) -> Write:
    """A write that takes an address away."""
    return lambda zone: zone - {address}


def adds_then_removes_others(own: int) -> SimulatedProgram:
    """Adds its own address, looks, and takes away the others that it saw, one write each: a check, then an act."""

    def program() -> Calls:
        yield lambda zone: zone | {own}
        for other in sorted((yield READ) or ()):
            if other != own:
                yield without(other)

    return program


def swaps(own: int) -> SimulatedProgram:
    """Puts its own address in place of the set that it read, only if that is still there."""

    def program() -> Calls:
        current = yield READ
        yield lambda zone: frozenset({own}) if zone == current else zone

    return program


@dataclass
class SimulatedPlayer:
    """A ``search.Player``. ``eager``: programs call before anybody asks them, else only when they are waited for."""

    programs: Mapping[str, SimulatedProgram]
    first: Zone = frozenset({1})
    broken: Callable[[Zone], bool] = lambda zone: not zone
    eager: bool = True
    runs: list[Trace] = field(default_factory=list)

    async def run(self, policy: Policy, steps: Sequence[Step] = ()) -> Trace:
        trace = self.play(policy, steps)
        self.runs.append(trace)
        return trace

    def play(self, policy: Policy, steps: Sequence[Step] = ()) -> Trace:
        scheduler = Scheduler(list(self.programs), policy, steps)
        lives = {name: program() for name, program in self.programs.items()}
        upcoming: dict[str, Write | None] = {}
        answers: dict[str, Zone | None] = {}
        waiting, ended = set(self.programs), set()
        zones, calls = [self.first], []

        def go_on(name: str) -> None:
            waiting.discard(name)
            try:
                upcoming[name] = lives[name].send(answers.pop(name, None))
                scheduler.arrived(name)
            except StopIteration:
                ended.add(name)
                scheduler.ended(name)

        while True:
            for name in sorted(waiting) if self.eager else ():
                go_on(name)
            match scheduler.decide():
                case Release(call) as release:
                    write = upcoming[call.program]
                    wrote = False
                    version = len(zones) - 1
                    if write is None:
                        version = version if release.as_of is None else release.as_of
                        answers[call.program] = zones[version]
                    elif release.fail != "before" and (after := write(zones[-1])) != zones[-1]:
                        zones.append(after)
                        wrote, version = True, version + 1
                    if release.fail:
                        answers[call.program] = None
                    calls.append(TracedCall(call, "read" if write is None else "write", "", "", version, wrote))
                    scheduler.answered(call)
                    waiting.add(call.program)
                    if self.broken(zones[-1]):
                        trip = Trip("never_empty=x", "it is empty", call)
                        return Trace(tuple(calls), trip, frozenset(self.programs) - ended)
                    if release.crash:
                        lives[call.program] = self.programs[call.program]()
                        answers.pop(call.program, None)
                        scheduler.restarted(call.program)
                case Await(name):
                    go_on(name)
                case _:
                    return Trace(tuple(calls))


def order_of(trace: Trace) -> list[CallId]:
    """The calls in the order in which they took effect."""
    return [call.call for call in trace.calls]
