"""The way from chaoskit's container in somebody's project to programs of this machine that answer for services of one's own.

Each is a pair of relays (``sandbox/relay.py``): the outer one here, started by ``HostRelays``, the inner one in our container, started by
``inner_relays``. The folder with their sockets is all that the two share: it is mounted in our container, and in no other.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType

from chaoskit.compose.plan import SOCKETS
from chaoskit.engine.backends import forwards_of
from chaoskit.engine.session import Stage
from chaoskit.errors import SandboxError
from chaoskit.experiment.schema import ExperimentSpec
from chaoskit.sandbox.port_forwards import PROGRAM, PortForwards, outer_plan

OPTION = "backend"


class HostRelays:
    """The outer relays of an experiment, in ``folder``, while the context lasts. Raises ``SandboxError`` where one cannot be made."""

    def __init__(self, spec: ExperimentSpec, folder: Path) -> None:
        self._forwards = forwards_of(spec)
        self._folder = folder
        self._relays: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> HostRelays:
        if self._forwards:
            self._folder.mkdir(mode=0o755)
        try:
            for number, forward in enumerate(self._forwards, 1):
                relay = subprocess.Popen(PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
                self._relays.append(relay)
                assert relay.stdin is not None
                assert relay.stdout is not None
                relay.stdin.write(json.dumps(outer_plan(OPTION, number, forward, self._folder)).encode() + b"\n")
                relay.stdin.flush()
                if (answer := relay.stdout.readline().decode().strip()) != "ready":
                    reason = answer or "the relay ended"
                    raise SandboxError(f"{OPTION} {forward.host}:{forward.port}: {reason}")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def mount(self) -> str | None:
        """The folder that our container needs; None where no program of this machine answers for anything."""
        return str(self._folder.resolve()) if self._forwards else None

    @property
    def failure(self) -> str | None:
        """What to say of a relay that has ended too early; None while all are alive."""
        codes = [code for relay in self._relays if (code := relay.poll()) is not None]
        return f"a relay of {OPTION} ended with code {codes[0]}" if codes else None

    def _close(self) -> None:
        for relay in self._relays:
            with relay:  # closes its pipes, which ends it, and waits
                pass


@contextlib.asynccontextmanager
async def inner_relays(spec: ExperimentSpec, stage: Stage, folder: Path = SOCKETS) -> AsyncIterator[None]:
    """The inner relays, in our container, while the context lasts. Raises ``SandboxError`` where one cannot be made."""
    forwards = PortForwards(OPTION)
    try:
        await forwards.open_inside(forwards_of(spec), folder)
        forwards.watch(lambda message: stage.fail(OPTION, message))
        yield
    finally:
        await forwards.close()
