"""A part's process; the contract is in ``chaoskit.child``, the plan in ``chaoskit.clients.participant``."""

from __future__ import annotations

import asyncio
import os
import platform
from importlib.metadata import version
from typing import Any

from chaoskit.cascade.live import read_part
from chaoskit.cascade.live.stage import Stage
from chaoskit.child import Child, Command
from chaoskit.clients.participant import Participant
from chaoskit.clients.process import play
from chaoskit.clock import Instant, WallClock
from chaoskit.errors import PlaneError
from chaoskit.journal.events import ClientReady


class Player:
    """A part that is prepared."""

    def __init__(self, child: Child, given: dict[str, Any]) -> None:
        self._child, self._plan = child, Participant.from_json(given)
        self._stage: Stage | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        try:
            self._part = read_part(self._plan.part, self._plan.settings)
        except ValueError as error:
            raise PlaneError(str(error)) from error
        import encodings.idna  # noqa: F401 - what ``socket`` imports at the first host name

        import boto3  # noqa: F401 - loaded before it is ready, so that no call is slowed by it

    def ready(self) -> ClientReady:
        """Its ready event."""
        return ClientReady(
            at=WallClock().now(),
            client=self._plan.client,
            use="participant",
            pid=os.getpid(),
            versions={"boto3": version("boto3"), "python": platform.python_version()},
            settings={"part": self._plan.part, **{name: str(value) for name, value in self._plan.settings.items()}},
        )

    async def run(self, origin: Instant, ends: Instant) -> None:
        """Live through one run."""
        plan = self._plan
        stage = Stage(plan.client, plan.region, origin=origin, ends=ends, seed=plan.seed, send=self._child.emit)
        self._stage, self._loop = stage, asyncio.get_running_loop()
        await self._part.play(stage)

    def obey(self, command: Command) -> None:
        """``{"do": "operate", "order": …}``: what an operator orders, obeyed on the event loop. On the thread that reads commands."""
        if command["do"] == "operate" and self._stage is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._stage.obey, command.get("order", ""))


def main() -> None:
    """Read the plan, become ready, and play the part until told otherwise."""
    play(Player)


if __name__ == "__main__":
    main()
