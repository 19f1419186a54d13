"""The query log on its way to the supervisor: bounded, and a gap is told."""

from __future__ import annotations

import threading

import pytest

from chaoskit.dns import log
from chaoskit.journal.events import HarnessFailed, QueryAnswered
from tests.journal.story import ANSWERED


def test_a_stalled_reader_costs_no_memory_and_the_gap_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MAX_WAITING", 3)
    emitted: list[QueryAnswered | HarnessFailed] = []
    reached, reads = threading.Event(), threading.Event()

    def emit(event: QueryAnswered | HarnessFailed) -> None:
        reached.set()
        assert reads.wait(60)
        emitted.append(event)

    queries = log.ThreadedLog(emit)
    queries.record(ANSWERED.with_fields(name="first.test"))
    assert reached.wait(60)
    for number in range(10):
        queries.record(ANSWERED.with_fields(name=f"n{number}.test"))
    assert queries.lost == 7
    reads.set()
    queries.close()
    names = [event.name for event in emitted if isinstance(event, QueryAnswered)]
    assert names == ["first.test", "n0.test", "n1.test", "n2.test"]
    (told,) = [event for event in emitted if isinstance(event, HarnessFailed)]
    assert told.message.startswith("7 queries are missing in the journal")
