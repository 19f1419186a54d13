"""``changes_at_most``: a record does not change faster than a limit, as a velocity control would have it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chaoskit.clock import Instant
from chaoskit.expect import Expectation
from chaoskit.expect._findings import EVIDENCE_MAX
from chaoskit.expect._zones import changes_of, plain_name
from chaoskit.journal.events import NameChange
from chaoskit.journal.run import Run
from chaoskit.units import Duration, format_duration
from chaoskit.verdict import Verdict

WHOLE_RUN_NS = 1 << 62
"""A window that is longer than any run."""


@dataclass(frozen=True, slots=True)
class ChangesAtMost(Expectation):
    """In no window of length ``per`` did the record ``name`` change more than ``n`` times.

    ``of`` records counts each record that came, went or got another TTL, in place of whole changes. A window is half open: changes exactly
    ``per`` apart do not share one.
    """

    name: str
    n: int
    per: Duration
    of: Literal["changes", "records"] = "changes"

    def __post_init__(self) -> None:
        plain_name(self.name)
        if self.n < 0:
            raise ValueError(f"n is {self.n}; write how many changes are allowed, 0 or more")
        if self.per <= 0:
            raise ValueError("per must be longer than 0; write a window, for example 1m")

    def judge(self, run: Run) -> Verdict:
        title = f"changes_at_most {self.name} {self.n} {self.of} {self._per()}"
        counted = [
            (seq, event.at, self._count(change)) for seq, event, change in changes_of(run, plain_name(self.name))
        ]
        counted = [entry for entry in counted if entry[2]]
        if not counted:
            because = f"no change of {self.name} was seen, so its pace is not known"
            return Verdict(expectation=title, finding="unknown", because=because)
        count, window = max((self._window(counted, end) for end in range(len(counted))), key=lambda window: window[0])
        because = f"{self.name} changed {len(counted)} time{'' if len(counted) == 1 else 's'}; {count} {self.of} {self._within()}"
        finding: Literal["held", "broken"] = "held" if count <= self.n else "broken"
        return Verdict(expectation=title, finding=finding, because=because, evidence=tuple(window[:EVIDENCE_MAX]))

    def _per(self) -> str:
        return "per run" if self.per >= WHOLE_RUN_NS else f"per {format_duration(self.per)}"

    def _within(self) -> str:
        return "in all" if self.per >= WHOLE_RUN_NS else f"within {format_duration(self.per)} at most"

    def _window(self, counted: list[tuple[int, Instant, int]], end: int) -> tuple[int, list[int]]:
        """The sum of the window that ends with change number ``end``, and the ``seq`` of its changes."""
        last = counted[end][1]
        inside = [(seq, count) for seq, at, count in counted[: end + 1] if at > last - self.per]
        return sum(count for _, count in inside), [seq for seq, _ in inside]

    def _count(self, change: NameChange) -> int:
        differing = set(change.before) ^ set(change.after)
        # A record with another TTL is in it twice, and is one record that changed.
        records = len({(record.rtype, record.data) for record in differing})
        return records if self.of == "records" else min(records, 1)
