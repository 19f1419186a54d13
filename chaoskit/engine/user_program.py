"""A command of the user's, put into an open namespace sandbox with the ways out that were asked for: for ``exec`` and ``survey``."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from chaoskit.engine.session import Stage
from chaoskit.engine.steering import Obey, open_steering
from chaoskit.engine.user_command import LABEL, Command, UserCommand
from chaoskit.sandbox.environment import command_environment, from_metadata, plane_environment
from chaoskit.sandbox.namespace import NamespaceSandbox, WayIn
from chaoskit.sandbox.port_forwards import PortForward, PortForwards
from chaoskit.sandbox.trust import publish_trust

READY_WITHIN_S = 60
"""How long a command may take to become ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramRequest:
    """What to run, and what it gets: ``shown`` is ``argv`` as the journal has it; ``added`` are variables beside the caller's.

    ``no_aws``: nothing in the run is behind its own certificate, so what the command trusts is its own affair. ``port_forwards`` and
    ``sockets`` are the ways out of the sandbox. ``ignored`` are signals that the caller ignores, and so shall the command. ``output`` is
    the file for what it writes; None: it has the caller's streams.
    """

    argv: tuple[str, ...]
    shown: tuple[str, ...]
    region: str
    no_aws: bool
    added: dict[str, str]
    port_forwards: list[PortForward]
    sockets: list[str]
    ignored: tuple[int, ...] = ()
    output: Path | None = None
    ready: str | None = None
    """Where the command is ready, which begins 0 s of the timeline: a URL, or ``localhost:PORT``. None: it begins with the timeline."""
    planes: tuple[str, ...] = ()
    """The keys of the run's planes, which must be there before a command begins that the timeline waits for."""
    obeys: Callable[[Stage], Obey] | None = None
    """Makes what obeys the command's requests to its run (``engine/steering.py``); None: it can ask for nothing."""


@contextlib.asynccontextmanager
async def open_program(request: ProgramRequest, stage: Stage) -> AsyncIterator[UserCommand]:
    """Open the ways out, and make the command ready to be let go; close them at the end. Raises ``SandboxError``."""
    sandbox = stage.sandbox
    assert isinstance(sandbox, NamespaceSandbox)
    forwards = PortForwards()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(lambda: asyncio.shield(forwards.close()))
        await forwards.open(request.port_forwards, sandbox.command, stage.work, ipv6=sandbox.ipv6)
        forwards.watch(lambda message: stage.fail("allow", message))
        steering = await stack.enter_async_context(open_steering(request.obeys(stage), stage)) if request.obeys else {}
        yield UserCommand(_command(request, stage.work, sandbox, steering), stage.journal, stage.clock)


def _command(request: ProgramRequest, work: Path, sandbox: NamespaceSandbox, steering: Mapping[str, str]) -> Command:
    authority = None if request.no_aws else work / "ca.pem"

    def way_in() -> WayIn:
        way = sandbox.way_in(LABEL, request.sockets)
        return replace(way, binds=(*way.binds, *(publish_trust(authority) if authority else ())))

    variables = command_environment(work, request.region, authority, {})
    if sandbox.addresses:
        variables = from_metadata(variables)
    return Command(
        argv=request.argv,
        shown=request.shown,
        environment={**steering, **variables, **request.added},
        way_in=way_in,
        ignored=request.ignored,
        after="service" if authority else None,
        output=request.output,
        planes=request.planes,
        not_ready=functools.partial(_why_not_ready, sandbox, request.ready, work) if request.ready else None,
    )


async def _why_not_ready(sandbox: NamespaceSandbox, place: str, work: Path) -> str | None:
    """Wait until the command is ready, asked from inside; returns why it is not within ``READY_WITHIN_S``."""
    words = [sys.executable, "-m", "chaoskit.clients.program.wait", place, str(READY_WITHIN_S)]
    asking = await asyncio.create_subprocess_exec(
        *sandbox.command(words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env=plane_environment(work),
    )
    try:
        reason, _ = await asking.communicate()
    finally:
        if asking.returncode is None:
            asking.kill()
            await asking.wait()
    return None if asking.returncode == 0 else f"{place} within {READY_WITHIN_S} s: {reason.decode(errors='replace')}"
