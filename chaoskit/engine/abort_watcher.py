"""Ends a run when a condition of ``abort_when`` is met: a listener of the journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaoskit.experiment.abort_spec import AbortSpec
from chaoskit.journal.events import AbortConditionMet, CallFinished, Entry


@dataclass(slots=True)
class _Count:
    condition: AbortSpec
    failed: int = 0

    def is_met_by(self, call: CallFinished) -> bool:
        if call.result == "failed":
            self.failed += 1
        elif call.result == "ok" and self.condition.failed_in_a_row is not None:
            self.failed = 0
        return self.failed == (self.condition.failed_in_a_row or self.condition.failed_calls)


class AbortWatcher:
    """Calls ``tell`` once, with the first condition that is met. A call whose end is unknown has not failed, and not succeeded."""

    def __init__(self, conditions: Sequence[AbortSpec], tell: Callable[[AbortConditionMet], object]) -> None:
        self._counts = [_Count(condition) for condition in conditions]
        self._tell = tell

    def __call__(self, entry: Entry) -> None:
        call = entry.event
        if not isinstance(call, CallFinished):
            return
        for count in self._counts:
            if call.client == count.condition.client and count.is_met_by(call):
                self._counts = []
                self._tell(AbortConditionMet(at=call.at, condition=count.condition.describe(), evidence=entry.seq))
                return
