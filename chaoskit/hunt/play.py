"""One run: programs are started, and their calls held and released as the scheduler says, to their end or to the trip-wire."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chaoskit.errors import HarnessError
from chaoskit.expect import Expectation
from chaoskit.hunt.arena import Answered, Arena, ArenaEvent, Arrival, Began
from chaoskit.hunt.policies import Policy
from chaoskit.hunt.procfs import NoSocket, owner_of, processes_in, work_done
from chaoskit.hunt.programs import Command, Program
from chaoskit.hunt.schedule import CallId, Step
from chaoskit.hunt.scheduler import Await, Over, Release, Scheduler
from chaoskit.hunt.trace import Trace, TracedCall, Trip
from chaoskit.hunt.trip_wire import TripWire
from chaoskit.journal.events import ZoneChanged

LOOK_EVERY_S = 0.1
"""How often a program that is waited for is looked at, whether it is at work."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``idle_s``: how long a program sleeps, without any processor time, before others go first. ``run_s``: the longest run.

    ``quiet_s``: a run is over when every program has ended, or none has done anything for so long. ``calls`` is the most calls of a run. A
    run that reaches ``run_s`` or ``calls`` is stopped, and said to be.
    """

    idle_s: float = 1.0
    quiet_s: float = 5.0
    run_s: float = 60.0
    calls: int = 500


@dataclass(slots=True)
class _Ended:
    program: Program
    code: int


@dataclass(slots=True)
class Play:
    """Plays runs, one at a time, of the same programs in the same arena. ``hear`` is what the arena's events are given to."""

    commands: Sequence[Command]
    invariants: Sequence[Expectation]
    limits: Limits
    output: Path
    arena: Arena = field(init=False)
    events: asyncio.Queue[ArenaEvent | _Ended] = field(default_factory=asyncio.Queue)

    def hear(self, event: ArenaEvent) -> None:
        self.events.put_nowait(event)

    async def run(self, policy: Policy, steps: Sequence[Step] = ()) -> Trace:
        """One run from the zone's first state. Raises ``HarnessError``, and ``InputError`` for a program that cannot run."""
        while not self.events.empty():  # of programs that the run before this one killed
            if isinstance(event := self.events.get_nowait(), HarnessError):
                raise event
        self.arena.begin()
        run = _Run(self, policy, steps)
        try:
            return await run.play()
        finally:
            await asyncio.shield(run.stop())


class _Run:
    def __init__(self, play: Play, policy: Policy, steps: Sequence[Step]) -> None:
        self._play = play
        self._arena, self._events = play.arena, play.events
        labels = [command.label for command in play.commands]
        self._scheduler = Scheduler(labels, policy, steps)
        self._wire = TripWire(play.invariants)
        self._programs: dict[str, Program] = {}
        self._names: dict[str, str] = {}
        self._held: dict[CallId, Arrival] = {}
        self._repeats: dict[CallId, list[int]] = {}
        self._under_way: tuple[CallId, Release] | None = None
        self._calls: list[TracedCall] = []
        self._codes: dict[str, int] = {}
        self._strangers = self._lost = 0
        self._trip: Trip | None = None
        self.states: list[Mapping[str, Sequence[str]]] = []

    async def play(self) -> Trace:
        while not isinstance(began := await self._next(), Began):
            pass
        self.states = [{name: tuple(began.served.get(name, ())) for name in self._wire.names}]
        for command in self._play.commands:
            await self._start(command)
        cut = ""
        try:
            async with asyncio.timeout(self._play.limits.run_s):
                cut = await self._until_over()
        except TimeoutError:
            cut = f"the run took longer than {self._play.limits.run_s:g} s"
        return Trace(
            calls=tuple(self._calls),
            trip=self._trip,
            unfinished=frozenset(set(self._programs) - set(self._codes)),
            codes=tuple(self._codes.items()),
            cut=cut,
            strangers=self._strangers,
            lost=self._lost,
            outputs=tuple(self._last_words()),
            observed=self._wire.observed,
            states=tuple(self.states),
        )

    async def stop(self) -> None:
        """Kill what still runs."""
        for program in self._programs.values():
            await program.kill()

    async def _until_over(self) -> str:
        """Returns why the run was cut short, empty if it was not."""
        while self._trip is None:
            match self._scheduler.decide():
                case Over():
                    if not await self._hear_more():
                        return ""
                case Await(name):
                    await self._await(name)
                case Release(call) as release:
                    if len(self._calls) >= self._play.limits.calls:
                        return f"the run had {self._play.limits.calls} calls"
                    self._under_way = call, release
                    order = {"as_of": release.as_of, "fail": release.fail, "withhold": release.crash}
                    self._arena.release(self._held[call].number, **order)
        return ""

    async def _hear_more(self) -> bool:
        """Every program has ended or is idle: whether one of those that are idle does anything more, within ``quiet_s``."""
        if set(self._programs) == set(self._codes):
            return False
        try:
            async with asyncio.timeout(self._play.limits.quiet_s):
                event = await self._next()
        except TimeoutError:
            return False
        self._take(event)
        return True

    async def _start(self, command: Command) -> None:
        program = Program(command, self._play.output / f"{command.label}.log", self._ended)
        self._programs[command.label] = program
        await program.start()
        self._names[program.namespace] = command.label

    def _ended(self, program: Program, code: int) -> None:
        self._events.put_nowait(_Ended(program, code))

    async def _await(self, name: str) -> None:
        """Take events until one may have changed what ``name`` does; or find it idle, unless its call is under way."""
        if self._under_way is not None:
            self._take(await self._next())
            await self._crash_if_due()
            return
        ticks, asleep = -1, 0
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    event = await self._next()
            except TimeoutError:
                # Looks are counted, and no time: should we ourselves have been starved, that says nothing of the program.
                done, busy = self._work(name)
                asleep = 0 if busy or done != ticks else asleep + 1
                ticks = done
                if asleep * LOOK_EVERY_S >= self._play.limits.idle_s:
                    self._scheduler.idle(name)
                    return
                continue
            self._take(event)
            return

    def _work(self, name: str) -> tuple[int, bool]:
        """The work of a program and of the arena, which it may wait for."""
        program = self._programs[name]
        pids = [pid for pid, _ in processes_in(frozenset({program.namespace}))]
        return work_done([*pids, *self._arena.pids])

    def _take(self, event: ArenaEvent | _Ended) -> None:
        match event:
            case HarnessError():
                raise event
            case Arrival():
                self._arrive(event)
            case Answered():
                self._answered(event)
            case _Ended(program, code) if self._programs[program.command.label] is program:
                self._codes[program.command.label] = code
                self._scheduler.ended(program.command.label)

    async def _next(self) -> ArenaEvent | _Ended:
        event = await self._events.get()
        if isinstance(event, HarnessError):
            raise event
        return event

    def _arrive(self, arrival: Arrival) -> None:
        try:
            name = owner_of(arrival.port, arrival.transport, self._names, self._arena.pids[-1])
        except NoSocket:  # nobody waits for an answer any more: as if it had been lost on its way
            self._lost += 1
            self._arena.release(arrival.number, drop=True)
            return
        if name is None:
            self._strangers += 1
            self._arena.release(arrival.number)
            return
        for held, earlier in self._held.items():
            if held.program == name and arrival.is_repeat_of(earlier):
                self._repeats.setdefault(held, []).append(arrival.number)
                return
        self._held[self._scheduler.arrived(name)] = arrival

    def _answered(self, answered: Answered) -> None:
        if self._under_way is None or self._held[self._under_way[0]].number != answered.number:
            if answered.changes:
                message = "a process that belongs to none of the programs changed the zone; a program must make no user namespace"
                raise HarnessError(message)
            return  # a stranger's, or a question that was asked again
        call, release = self._under_way
        arrival = self._held.pop(call)
        for change in answered.changes:
            if isinstance(change, ZoneChanged):
                self._note_state(change)
        self._calls.append(
            TracedCall(call, arrival.kind, arrival.what, answered.result, answered.version, bool(answered.changes))
        )
        for repeat in self._repeats.pop(call, ()):
            self._arena.release(repeat, as_of=release.as_of, fail=release.fail, withhold=release.crash)
        self._trip = self._wire.feel(call, answered.changes)
        if not release.crash or self._trip:
            self._under_way = None
            self._scheduler.answered(call)

    def _last_words(self) -> Iterator[tuple[str, str]]:
        """The last line that each program has printed, if any."""
        for label in self._programs:
            lines = (self._play.output / f"{label}.log").read_text(encoding="utf-8", errors="replace").split("\n")
            if words := next((line.strip() for line in reversed(lines) if line.strip()), ""):
                yield label, words

    def _note_state(self, change: ZoneChanged) -> None:
        state = dict(self.states[-1])
        for entry in change.changes:
            if entry.name in state:
                state[entry.name] = tuple(f"{record.rtype} {record.data}" for record in entry.after)
        self.states.append(state)

    async def _crash_if_due(self) -> None:
        """Kill and restart the program whose call has just taken effect unanswered."""
        if self._under_way is None or self._under_way[0] in self._held:
            return
        call, _ = self._under_way
        program = self._programs[call.program]
        self._names.pop(program.namespace, None)
        await program.kill()
        self._under_way = None
        self._scheduler.answered(call)
        for held in [held for held in self._held if held.program == call.program]:
            self._arena.release(self._held.pop(held).number, drop=True)
        self._scheduler.restarted(call.program)
        await self._start(program.command)
