"""The table, protection sets and invariants: which sets suffice, which tempting ones do not, and what one protection more breaks."""

from __future__ import annotations

import itertools
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

from chaoskit.race.findings import ALL, Findings, Question, judge
from chaoskit.race.model import Race
from chaoskit.race.protections import ORDER, ordered

Set: TypeAlias = tuple[str, ...]

CHOICES: tuple[tuple[Set, ...], ...] = (
    ((), ("fenced_lock",)),
    ((), ("freshness_before_stamp",), ("freshness_after_stamp",)),
    (
        (),
        ("cleaner_skips_active_at_listing",),
        ("cleaner_skips_active_before_stamp",),
        ("cleaner_skips_active_after_stamp",),
    ),
    ((), ("tolerant_rollback",)),
    ((), ("never_empty_guard",), ("velocity_limit",)),
)
"""One of each line is a set: of protections that answer one question, one is chosen or none."""


def all_sets() -> tuple[Set, ...]:
    """Every set of the table, smallest first. ``atomic`` leaves no swap to fence and no check to move, so it stands without those."""
    sets = [tuple(itertools.chain(*choice)) for choice in itertools.product(*CHOICES)]
    sets += [("atomic", *itertools.chain(*choice)) for choice in itertools.product(*CHOICES[2:])]
    return tuple(sorted({ordered(names) for names in sets}, key=lambda names: (len(names), _places(names))))


def _places(names: Set) -> list[int]:
    return [ORDER.index(name) for name in names]


@dataclass(frozen=True, slots=True)
class NotMonotone:
    """``invariant`` holds under ``names``, and breaks once ``added`` is on too."""

    names: Set
    added: str
    invariant: str


@dataclass(frozen=True, slots=True)
class Table:
    """Findings of many protection sets within the same bounds."""

    rows: tuple[Findings, ...]
    question: Question

    def row(self, names: Iterable[str]) -> Findings:
        """The row of one set. Raises ``KeyError``."""
        key = ordered(names)
        for row in self.rows:
            if row.race.protections == key:
                return row
        raise KeyError(key)

    def sufficient(self, invariants: Iterable[str]) -> tuple[Set, ...]:
        """The sets under which all of ``invariants`` hold and that have no smaller such set inside them."""
        names = tuple(invariants)
        holding = [set(row.race.protections) for row in self.rows if all(row.of(name).holds for name in names)]
        minimal = [ordered(chosen) for chosen in holding if not any(other < chosen for other in holding)]
        return tuple(sorted(minimal, key=lambda chosen: (len(chosen), _places(chosen))))

    def tempting(self) -> tuple[Findings, ...]:
        """Single protections that do not make all invariants hold."""
        return tuple(row for row in self.rows if len(row.race.protections) == 1 and not row.holds)

    def not_monotone(self) -> tuple[NotMonotone, ...]:
        """Where one more protection breaks what held."""
        known = {frozenset(row.race.protections): row for row in self.rows}
        pairs = [
            NotMonotone(row.race.protections, added, name)
            for row in self.rows
            for added in ORDER
            if added not in row.race.protections and (larger := known.get(frozenset((*row.race.protections, added))))
            for name in self.question.names
            if row.of(name).holds and not larger.of(name).holds
        ]
        return tuple(pairs)


def table(
    race: Race,
    sets: Iterable[Set],
    question: Question = ALL,
    *,
    jobs: int | None = None,
    listener: Callable[[Findings], None] = lambda row: None,
) -> Table:
    """Judge every set within the bounds of ``race``, on ``jobs`` processors (all that there are, unless said otherwise)."""
    races = [race.with_protections(names) for names in sets]
    rows = []
    for row in _judged(races, question, jobs or _processors()):
        listener(row)
        rows.append(row)
    return Table(tuple(rows), question)


def _judged(races: list[Race], question: Question, jobs: int) -> Iterator[Findings]:
    if jobs == 1:
        for race in races:
            yield judge(race, question)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield from pool.map(judge, races, itertools.repeat(question))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
