"""``noop``: everything passes as it is. It meets no connection, so a run in which it is the only fault has exercised nothing.

It is here because Toxiproxy has it: programs that drive Toxiproxy add it to see that their way of adding toxics works.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoskit.network.toxics import Toxic


@dataclass(frozen=True, slots=True)
class Noop(Toxic):
    """Change nothing."""

    UNITS: ClassVar[dict[str, int]] = {}
