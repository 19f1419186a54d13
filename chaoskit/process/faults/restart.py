"""``restart``: SIGKILL at the beginning of the window, started anew at its end, with empty pools and caches, as an orchestrator would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoskit.process.faults import ProcessControl


@dataclass(frozen=True, slots=True)
class Restart:
    """No parameters."""

    planes: ClassVar[bool] = False

    async def begin(self, hands: ProcessControl, name: str) -> None:
        await hands.kill(name)

    async def end(self, hands: ProcessControl, name: str) -> None:
        await hands.restart(name)
