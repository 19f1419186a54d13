"""``kill``: SIGKILL at the beginning of the window, and nobody starts it again. A call under way stays open, and counts as *unknown*."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoskit.process.faults import ProcessControl


@dataclass(frozen=True, slots=True)
class Kill:
    """No parameters."""

    planes: ClassVar[bool] = False

    async def begin(self, hands: ProcessControl, name: str) -> None:
        await hands.kill(name)

    async def end(self, hands: ProcessControl, name: str) -> None:
        """It stays dead."""
