"""What every process of the race is: two pure functions on plain values."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol, TypeVar

from chaoskit.race.calls import Answer, Call

Local = TypeVar("Local", bound=Hashable)


class Policy(Protocol[Local]):
    """A process, one API call a step."""

    @property
    def start(self) -> Local:
        """The local state in which the process begins."""

    def call(self, local: Local) -> Call:
        """The one call to make in ``local``."""

    def reply(self, local: Local, answer: Answer) -> Local:
        """The local state after ``answer`` to ``call(local)``."""
