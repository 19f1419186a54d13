"""What follows from the journal about a fault of a process: the events which show that it was felt."""

from __future__ import annotations

from collections.abc import Sequence

from chaoskit.journal.events import CallStarted, ClientReady, Entry, InjectionApplied, InjectionPlanned
from chaoskit.journal.spans import Spans
from chaoskit.journal.stored import select


def process_evidence(entries: Sequence[Entry], planned: InjectionPlanned) -> list[int]:
    """``seq`` of the events that show that ``planned`` was felt; for faults of other planes, nothing.

    A client feels its own fault when it is applied. A fault of any other process is felt by the calls that began while it stood still.
    """
    if planned.plane != "process":
        return []
    applied: list[int] = []
    starts: list[int] = []
    spans = Spans(planned.spans)
    process = planned.target.get("process")
    is_client = False
    for entry in select(entries, InjectionApplied, ClientReady, CallStarted):
        event = entry.event
        if isinstance(event, InjectionApplied) and event.injection == planned.injection:
            applied.append(entry.seq)
        elif isinstance(event, ClientReady) and event.client == process:
            is_client = True
        elif isinstance(event, CallStarted) and event.at in spans:
            starts.append(entry.seq)
    if is_client:
        return applied
    return [*applied, *starts] if applied and starts else []
