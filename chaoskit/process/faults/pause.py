"""``pause``: the process stands still in the window, its connections open, as in a long garbage collection or a frozen virtual machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoskit.process.faults import ProcessControl


@dataclass(frozen=True, slots=True)
class Pause:
    """No parameters."""

    planes: ClassVar[bool] = True

    async def begin(self, hands: ProcessControl, name: str) -> None:
        await hands.pause(name)

    async def end(self, hands: ProcessControl, name: str) -> None:
        await hands.resume(name)
