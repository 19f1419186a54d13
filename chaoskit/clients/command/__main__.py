"""The command client's process: it starts the user's command for every call, and hears its exit code."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal

from chaoskit.child import Child
from chaoskit.clients.command import Command
from chaoskit.clients.errors import MESSAGE_LENGTH_MAX
from chaoskit.clients.process import die_with_us, play
from chaoskit.clients.schedule import Lane, Slot, drive
from chaoskit.clock import Instant, WallClock
from chaoskit.errors import PlaneError
from chaoskit.journal.events import CallFinished, CallStarted, ClientReady, ErrorLink, Result
from chaoskit.units import format_duration


class Workload:
    """The calls of one client."""

    def __init__(self, child: Child, plan: Command) -> None:
        self._child, self._plan, self._clock = child, plan, WallClock()
        if shutil.which(plan.argv[0]) is None:
            raise PlaneError(f"there is no program {plan.argv[0]!r} that can be executed")

    def ready(self) -> ClientReady:
        """What is tested."""
        plan = self._plan
        return ClientReady(
            at=self._clock.now(),
            client=plan.client,
            use="command",
            pid=os.getpid(),
            versions={},
            settings={"command": shlex.join(plan.argv), "every": format_duration(plan.every_ns)},
        )

    async def run(self, origin: Instant, ends: Instant) -> None:
        """Make all calls of the run."""
        await drive([Lane(self._plan.every_ns)], self._clock, origin, ends, self.call)

    async def call(self, slot: Slot) -> None:
        """Run the command once and tell what became of it."""
        plan, now = self._plan, self._clock.now
        self._child.emit(
            CallStarted(
                at=now(),
                client=plan.client,
                call=slot.number,
                operation=plan.argv[0],
                due=slot.due,
                concurrent=slot.concurrent,
            )
        )
        process = await asyncio.create_subprocess_exec(
            *plan.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=die_with_us,
        )
        _, stderr = await process.communicate()
        errors = _errors(process.returncode or 0, stderr)
        result: Result = "failed" if errors else "ok"
        self._child.emit(CallFinished(at=now(), client=plan.client, call=slot.number, result=result, errors=errors))


def _errors(code: int, stderr: bytes) -> tuple[ErrorLink, ...]:
    """The exit code as the class of the error, and the end of what the command said as its text."""
    if code == 0:
        return ()
    kind = f"exit code {code}" if code > 0 else f"signal {signal.Signals(-code).name}"
    return (ErrorLink(type=kind, message=stderr.decode(errors="replace").strip()[-MESSAGE_LENGTH_MAX:]),)


def main() -> None:
    """Read the plan, become ready, and serve until told otherwise."""
    play(lambda child, given: Workload(child, Command.from_json(given)))


if __name__ == "__main__":
    main()
