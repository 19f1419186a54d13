"""Counts of questions."""

from __future__ import annotations

import pytest

from chaoskit.dns import question_counter
from chaoskit.dns.message import Query
from chaoskit.dns.question_counter import QuestionCounter


def query(name: str = "a.test", asker: str = "app") -> Query:
    return Query(name, "A", "udp", asker, "127.0.0.1", None, 1)


def test_each_injection_asker_and_question_is_counted_alone() -> None:
    counts = QuestionCounter()
    assert [counts.next("i", query()) for _ in range(3)] == [1, 2, 3]
    assert [counts.next("j", query()), counts.next("i", query("b.test")), counts.next("i", query(asker="web"))] == [
        1,
        1,
        1,
    ]


def test_another_injection_of_the_same_id_counts_from_one() -> None:
    counts = QuestionCounter()
    for injection in ("i", "i", "j"):
        counts.next(injection, query())
    counts.forget("i")
    assert (counts.next("i", query()), counts.next("j", query())) == (1, 2)


def test_a_flood_of_names_needs_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question_counter, "MAX_QUESTIONS", 2)
    counts = QuestionCounter()
    for name in ("a.test", "b.test", "a.test", "c.test"):
        counts.next("i", query(name))
    assert counts.next("i", query("a.test")) == 3, "asked for lately"
    assert counts.next("i", query("b.test")) == 1, "forgotten"
