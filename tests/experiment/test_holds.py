"""Where an experiment may be held, and what is told of it."""

from __future__ import annotations

import pytest

from chaoskit.errors import ExperimentError
from chaoskit.experiment.document import read_document
from chaoskit.experiment.holds import hold_points, holds_of
from chaoskit.experiment.loader import Experiment, resolve
from chaoskit.units import SECOND

HEAD = "title: held\nclients: {app: {use: boto3, connection: cold}}\ntimeline:\n"
ENTRY = "  - {{id: {id}, dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {{from: {start}s, for: {length}s}}{more}}}\n"


def experiment(*entries: tuple[str, int, int, str], scale: float = 1.0) -> Experiment:
    lines = [ENTRY.format(id=name, start=start, length=length, more=more) for name, start, length, more in entries]
    return resolve(read_document("x.yaml", HEAD + "".join(lines) + "limits: {smallest_time_scale: 0.1}\n"), scale)


def test_entries_that_hold_are_in_order_and_scaled() -> None:
    plan = experiment(("b", 20, 4, ", hold: true"), ("a", 0, 4, ", hold: true"), ("c", 30, 1, ""), scale=0.5)
    assert plan.holds == (0, 10 * SECOND)
    first, second = holds_of(plan.holds, plan.injections)
    assert ([each.id for each in first.injections], first.before) == (["a"], "a")
    assert ([each.id for each in second.injections], second.before) == (["b", "c"], "b")


def test_a_fault_that_is_on_at_a_hold_is_refused() -> None:
    with pytest.raises(ExperimentError) as refused:
        experiment(("long", 0, 30, ""), ("late", 20, 4, ", hold: true"))
    (problem,) = refused.value.problems
    assert (problem.line, problem.field) == (5, "timeline[1].hold")
    assert "cannot be held before late: long would last longer" in problem.message


def test_a_hidden_fault_is_not_named() -> None:
    plan = experiment(("secret", 3, 4, ", hold: true, hidden: true"))
    assert holds_of(plan.holds, plan.injections)[0].before == "a fault that is not shown"


def test_holding_before_every_fault_waits_in_none() -> None:
    plan = experiment(("a", 1, 4, ""), ("b", 5, 9, ""), ("in-b", 6, 1, ""), ("c", 20, 1, ""))
    assert hold_points(plan.injections) == (1 * SECOND, 5 * SECOND, 20 * SECOND)
