"""Expectations, one file each: pure judges of a run's journal. The file's name is the key in YAML."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from chaoskit.journal.run import Run
from chaoskit.registry import Registry
from chaoskit.verdict import Verdict

EXPECTATIONS = Registry(__name__)


class Expectation(Protocol):
    """What every file under ``expect/`` holds: a frozen dataclass of limits, and one method."""

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def judge(self, run: Run) -> Verdict:
        """The verdict, with measured figures and the ``seq`` of the events that show it."""
