"""What follows from the journal about a fault of a process: the events which show that it was felt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaoskit.journal.events import CallStarted, ClientReady, InjectionApplied, InjectionPlanned
from chaoskit.journal.spans import Spans

if TYPE_CHECKING:
    from chaoskit.journal.run import Run


def process_evidence(run: Run, planned: InjectionPlanned) -> list[int]:
    """``seq`` of the events that show that ``planned`` was felt; for faults of other planes, nothing.

    A client feels its own fault when it is applied. A fault of any other process is felt by the calls that began while it stood still.
    """
    if planned.plane != "process":
        return []
    applied = [seq for seq, event in run.of(InjectionApplied) if event.injection == planned.injection]
    if any(event.client == planned.target.get("process") for _, event in run.of(ClientReady)):
        return applied
    spans = Spans(planned.spans)
    starts = [seq for seq, call in run.of(CallStarted) if call.at in spans] if applied else []
    return [*applied, *starts] if starts else []
