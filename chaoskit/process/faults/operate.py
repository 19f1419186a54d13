"""``operate``: at the beginning of the window an operator acts, who is a client (``use: race``, ``role: operator``). No fault: its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoskit.process.faults import ProcessControl


@dataclass(frozen=True, slots=True)
class Operate:
    """No parameters."""

    planes: ClassVar[bool] = False

    async def begin(self, hands: ProcessControl, name: str) -> None:
        await hands.operate(name)

    async def end(self, hands: ProcessControl, name: str) -> None:
        """What was done stays."""
