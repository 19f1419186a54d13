"""A journal of version 1, stored by chaoskit as it was then, is read and judged as it was judged then."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from chaoskit.engine.session import judged
from chaoskit.errors import JournalError
from chaoskit.experiment.loader import resolve_plain
from chaoskit.journal.events import SCHEMA_VERSION, InjectionPlanned, PlaneReady
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from chaoskit.verdict import Outcome

STORED = Path(__file__).parent / "stored" / "version-1.jsonl.gz"


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(gzip.decompress(STORED.read_bytes()))
    return path


def test_planes_and_targets_are_those_of_today(journal: Path) -> None:
    run = Run(read_journal(journal))
    assert run.header.schema_version == SCHEMA_VERSION == 2
    assert {event.plane for _, event in run.of(PlaneReady)} == {"dns", "network", "service"}
    planned = {event.injection: (event.plane, event.target) for _, event in run.of(InjectionPlanned)}
    assert planned == {
        "blank": ("dns", {"name": "dynamodb.us-east-1.amazonaws.com"}),
        "slow": ("network", {"service": "dynamodb"}),
        "busy": ("service", {"service": "dynamodb"}),
        "hang": ("process", {"process": "service"}),
    }


def test_it_is_judged_as_it_was(journal: Path) -> None:
    entries = read_journal(journal)
    _, verdicts, outcome = judged(entries, resolve_plain(Run(entries).header.experiment, str(journal)))
    assert outcome is Outcome.NOT_EXERCISED
    assert {verdict.kind: verdict.finding for verdict in verdicts} == {
        "harness": "held",
        "canary_resolves": "held",
        "fault_exercised": "broken",
        "clients_exercised": "held",
        "recovers_within": "held",
    }


def test_a_damaged_one_is_told_with_its_line(journal: Path) -> None:
    lines = journal.read_text().splitlines()
    lines[3] = '{"seq":4,"kind":"injection_planned","at":1}'
    journal.write_text("\n".join(lines))
    with pytest.raises(JournalError, match=r"journal.jsonl:4: not a journal line"):
        read_journal(journal)
