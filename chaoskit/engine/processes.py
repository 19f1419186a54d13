"""The processes of a run as real ones: started in the sandbox, read line by line into the journal, ended surely."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from chaoskit.child import ALIVE
from chaoskit.clients.start import argv_of
from chaoskit.clock import Clock, Instant
from chaoskit.engine.ports import Plan, ProgramPart, Sandbox, UserProgram
from chaoskit.errors import HarnessError, PlaneError
from chaoskit.experiment.planes import STARTED
from chaoskit.journal.codec import decode
from chaoskit.journal.events import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CallStarted,
    ClientReady,
    Event,
    HarnessFailed,
    PlaneReady,
    PlaneStalled,
    ProcessEnded,
)
from chaoskit.journal.store import Journal
from chaoskit.sandbox.base import ProcessAction
from chaoskit.units import SECOND

_MODULES = {plane.key: plane.module or "" for plane in STARTED}

LONGEST_LINE = 1 << 20
STALLED_NS = 2 * SECOND
"""A plane that gives no sign of life for longer stands still. It gives four a second; a busy machine delays them by tenths."""

STOP_WITHIN_S = 3.0
"""How long a process may take to end after it was asked to, before it is killed."""

SIGNALS: dict[ProcessAction, signal.Signals] = {
    "pause": signal.SIGSTOP,
    "resume": signal.SIGCONT,
    "kill": signal.SIGKILL,
}


@dataclass(slots=True, eq=False)
class _Process:
    """``alive`` is the last sign of life of a plane, None before the first, and while it is ``paused`` by an injection.

    ``gave_reason``: it told why it fails. ``again`` is the plan with which it is started anew, where that is another.
    ``calls`` is the highest number of a call that a client of this name has begun, ``calls_before`` that of those before it.
    """

    name: str
    ready: asyncio.Future[PlaneReady | ClientReady]
    kind: str = "client"
    argv: list[str] = field(default_factory=list)
    plan: bytes = b""
    again: bytes = b""
    task: asyncio.Task[None] | None = None
    child: asyncio.subprocess.Process | None = None
    waiting: list[bytes] = field(default_factory=list)
    complaints: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    may_end: bool = False
    killed: bool = False
    gave_reason: bool = False
    alive: Instant | None = None
    paused: bool = False
    order: Plan | None = None
    calls_before: int = 0
    calls: int = 0


class LocalProcessManager:
    """See ``ports.ProcessManager``. ``environment`` is for planes, ``client_environment`` for clients.

    ``program_environment`` is for clients that run a program of the user's, by default as for all clients.
    ``programs`` are the clients that are programs of the user's own, by name: they start and end in their own way.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        sandbox: Sandbox,
        environment: dict[str, str],
        client_environment: dict[str, str],
        programs: Mapping[str, UserProgram] = MappingProxyType({}),
        program_environment: dict[str, str] | None = None,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._sandbox = sandbox
        self._environments = {"plane": environment, "client": client_environment}
        self._environments["program"] = program_environment or client_environment
        self._programs = programs
        self._processes: dict[str, _Process] = {}
        self._ordering: set[asyncio.Task[None]] = set()
        self._failure = asyncio.Event()

    def start_plane(self, name: str, plan: Plan) -> None:
        self._start(name, "plane", [sys.executable, "-m", _MODULES[name]], plan)

    def start_client(self, name: str, use: str, plan: Plan) -> None:
        if name in self._programs:
            self._start_program(name, self._programs[name])
            return
        here = not self._sandbox.has_own_clients
        argv = argv_of(use, plan) if here else [sys.executable, "-m", f"chaoskit.clients.{use}"]
        self._start(name, "program" if use in ("command", "program") else "client", argv, plan, use)

    def fail(self, part: str, message: str) -> None:
        """End the run as one in which the harness failed."""
        self._journal.append(HarnessFailed(at=self._clock.now(), part=part, message=message))
        self._failure.set()

    def _start_program(self, name: str, program: UserProgram) -> None:
        process = self._processes[name] = _Process(name, _future())

        def ready(event: ClientReady) -> None:
            self._journal.append(event)
            process.ready.set_result(event)

        part = ProgramPart(ready, lambda message: self._fail(process, message), self.ready)
        process.task = asyncio.create_task(program.live(part), name=name)

    def _start(self, name: str, kind: str, argv: list[str], plan: Plan, use: str = "") -> None:
        adapted = self._sandbox.adapt(name, plan)
        again = _line(adapted | {"again": True}) if use == "program" else b""
        self._launch(_Process(name, _future(), kind, argv, _line(adapted), again))

    def _launch(self, process: _Process) -> None:
        process.waiting.append(process.plan)
        self._processes[process.name] = process
        in_sandbox = self._sandbox.command(process.argv) if process.kind == "plane" else None
        command = in_sandbox or self._sandbox.client_command(process.name, process.argv)
        task = self._live(process, command, self._environments[process.kind])
        process.task = asyncio.create_task(task, name=process.name)

    async def pause(self, name: str) -> None:
        process = self._processes[name]
        process.paused, process.alive = True, None
        await self._act(name, "pause")

    async def resume(self, name: str) -> None:
        await self._act(name, "resume")
        self._processes[name].paused = False

    async def kill(self, name: str) -> None:
        process = self._processes[name]
        process.killed = True
        await self._act(name, "kill")

    async def operate(self, name: str) -> None:
        self.send(name, {"do": "operate"})

    async def restart(self, name: str) -> None:
        before = self._processes[name]
        await self.ended([name])
        process = _Process(name, _future(), before.kind, before.argv, before.again or before.plan, before.again)
        process.calls_before = process.calls = before.calls
        self._launch(process)
        if before.order is not None:
            self._ordering.add(asyncio.create_task(self._order(name, before.order)))

    async def start_anew(self, name: str) -> None:
        """Kill a process, and start it again; returns when that has begun."""
        await self.kill(name)
        await self.restart(name)

    async def _order(self, name: str, order: Plan) -> None:
        """Give a process its order once it is ready; one that dies before has told so itself."""
        with contextlib.suppress(PlaneError):
            await self.ready(name)
            self.send(name, order)

    async def _act(self, name: str, action: ProcessAction) -> None:
        if await self._sandbox.act(name, action):
            return
        child = self._processes[name].child
        if child is not None and child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, SIGNALS[action])

    async def _live(self, process: _Process, command: list[str], environment: dict[str, str]) -> None:
        """One process from birth to death, with everything it says."""
        try:
            child = process.child = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environment,
                cwd=environment["HOME"],
                limit=LONGEST_LINE,
                start_new_session=True,  # Ctrl-C in the terminal is ours to handle; and a group of its own can be killed whole
            )
        except OSError as error:
            self._fail(process, f"cannot start {command[0]}: {error.strerror}")
            return
        assert child.stdin is not None
        child.stdin.writelines(process.waiting)
        process.waiting.clear()
        try:
            await self._follow(process, child)
            code = await child.wait()
        finally:
            await _kill(child)
        expected = process.killed or (process.may_end and code == 0)
        self._journal.append(
            ProcessEnded(at=self._clock.now(), process=process.name, exit_code=code, expected=expected)
        )
        # The code is that of our own process: where it gave a reason in good order, it would only mislead.
        if not expected and not (process.gave_reason and code == HarnessError.exit_code):
            complaints = " | ".join(process.complaints) or "it said nothing"
            self._fail(process, f"ended with exit code {code}: {complaints}")

    async def _follow(self, process: _Process, child: asyncio.subprocess.Process) -> None:
        """Read what the process says until it has ended. What outlives the command that started it is not ours any more."""
        reading = asyncio.gather(self._read_events(process, child), self._read_complaints(process, child))
        ended = asyncio.ensure_future(child.wait())
        try:
            await asyncio.wait((reading, ended), return_when=asyncio.FIRST_COMPLETED)
            _, still = await asyncio.wait((reading,), timeout=STOP_WITHIN_S if ended.done() else None)
            if still:
                self._fail(process, "the command that started it was killed, and it lives on")
                _kill_group(child)
            await reading
        finally:
            ended.cancel()
            reading.cancel()
            await asyncio.gather(reading, ended, return_exceptions=True)

    async def _read_events(self, process: _Process, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None
        try:
            async for line in child.stdout:
                if process.killed and not line.endswith(b"\n"):
                    break  # it was writing when it was killed
                if line.startswith(ALIVE):
                    self._lives(process, int(line[len(ALIVE) : line.index(b"}")]))
                    continue
                event = _numbered(process, decode(line))
                if isinstance(event, HarnessFailed):
                    event = event.with_fields(part=process.name)
                self._journal.append(event)
                if isinstance(event, PlaneReady | ClientReady) and not process.ready.done():
                    process.ready.set_result(event)
                elif isinstance(event, HarnessFailed):
                    process.gave_reason = True
                    self._fail(process, event.message, journal=False)
        except ValueError as error:  # a line that is no event, or longer than LONGEST_LINE
            self._fail(process, f"sent what is no event: {str(error).splitlines()[0]}")
            await _kill(child)

    def _lives(self, process: _Process, at: Instant) -> None:
        """A plane gave a sign of life; a long silence before it is an event."""
        since, process.alive = process.alive, None if process.paused else at
        if since is not None and at - since > STALLED_NS:
            self._journal.append(PlaneStalled(at=self._clock.now(), plane=process.name, since=since, until=at))

    def _look_for_silence(self, process: _Process) -> None:
        """At the end of the run: a plane that has given no sign of life for long stands still."""
        now = self._clock.now()
        if process.alive is not None and now - process.alive > STALLED_NS:
            self._journal.append(PlaneStalled(at=now, plane=process.name, since=process.alive, until=now))
        process.alive = None

    async def _read_complaints(self, process: _Process, child: asyncio.subprocess.Process) -> None:
        assert child.stderr is not None
        with contextlib.suppress(ValueError):  # a longer line than LONGEST_LINE is no loss here
            async for line in child.stderr:
                process.complaints.append(line.decode(errors="replace").rstrip())

    def _fail(self, process: _Process, message: str, *, journal: bool = True) -> None:
        if journal:
            self._journal.append(HarnessFailed(at=self._clock.now(), part=process.name, message=message))
        if not process.ready.done():
            process.ready.set_exception(PlaneError(f"{process.name}: {message}"))
            process.ready.exception()  # it may be that nobody waits any more
        self._failure.set()

    async def ready(self, name: str) -> PlaneReady | ClientReady:
        return await asyncio.shield(self._processes[name].ready)

    def send(self, name: str, command: Plan) -> None:
        process = self._processes[name]
        if name in self._programs:
            if command["do"] == "start":
                process.may_end = True
                self._programs[name].begin(command["origin"])
            return
        if process.child is None:
            process.waiting.append(_line(command))
        elif process.child.stdin is not None and process.child.returncode is None:
            process.child.stdin.write(_line(command))
        if command["do"] == "start":
            process.order = command
        if command["do"] in ("start", "stop"):
            process.may_end = True  # a client that was started ends by itself when its time is over

    async def ended(self, names: list[str]) -> None:
        await asyncio.gather(*(asyncio.shield(task) for name in names if (task := self._processes[name].task)))

    async def failed(self) -> None:
        await self._failure.wait()

    async def stop(self, names: list[str]) -> None:
        for name in names:
            self._look_for_silence(self._processes[name])
            self.send(name, {"do": "stop"})
        tasks = [task for name in names if (task := self._processes[name].task)]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=STOP_WITHIN_S)
            await _cancel(late)

    async def close(self) -> None:
        await _cancel(self._ordering)
        await _cancel({process.task for process in self._processes.values() if process.task})


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _kill(child: asyncio.subprocess.Process) -> None:
    """Kill the child's whole session group, and reap it; nothing happens to one that has ended."""
    if child.returncode is None:
        _kill_group(child)
    await child.wait()
    if child.stdin is not None:
        child.stdin.close()


def _kill_group(child: asyncio.subprocess.Process) -> None:
    """The group reaches through a PID namespace, where the child's own children are not ours to name."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _numbered(process: _Process, event: Event) -> Event:
    """A client that was started anew counts its calls from 1; in the journal they go on from those before."""
    if isinstance(event, CallStarted | CallFinished | AttemptStarted | AttemptFinished) and event.call is not None:
        event = event.with_fields(call=event.call + process.calls_before)
        process.calls = max(process.calls, event.call or 0)
    return event


def _future() -> asyncio.Future[PlaneReady | ClientReady]:
    return asyncio.get_running_loop().create_future()


def _line(plan: Plan) -> bytes:
    return json.dumps(plan, separators=(",", ":")).encode() + b"\n"
