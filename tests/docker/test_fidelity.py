"""Verdicts and the attempts of each call agree in every sandbox, but for what is allowed with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaoskit.errors import SandboxError
from chaoskit.sandbox.docker import connect
from tests.cli.test_whole_run import namespaces_work
from tests.docker.fidelity import SANDBOXES, Fact, _runs, compare, play


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("runs")
def test_the_sandboxes_agree(tmp_path: Path) -> None:
    if reason := namespaces_work():
        pytest.skip(reason)
    try:
        engine = connect()
        if engine.needs_build():
            engine.build(lambda line: None)
    except SandboxError as error:
        pytest.skip(str(error))
    facts = compare([play(sandbox, tmp_path) for sandbox in SANDBOXES])
    assert len([fact for fact in facts if fact.what.startswith("attempts")]) == 7, (
        "two clients in three faults, one in one"
    )
    assert all(fact.found[0] for fact in facts if fact.what.startswith(("attempts", "results"))), "calls were compared"
    wrong = [fact for fact in facts if not fact.agrees and fact.reason is None]
    assert not wrong


def test_a_difference_without_a_reason_is_one() -> None:
    assert Fact("attempts of each call, x", ("3 ×2", "3 ×2", "1 ×2")).reason is None
    assert Fact("lookups per attempt, x", ("1", "2", "1")).reason
    assert not Fact("x", ("a", "a", "b")).agrees
    assert _runs([3, 3, 2, 3]) == "3 ×2, 2 ×1, 3 ×1"
