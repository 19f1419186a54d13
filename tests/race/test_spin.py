"""SPIN as the judge: the same verdicts and the same number of states, for sets that hold, that break, and that break by a cycle."""

from __future__ import annotations

import os
import re
from dataclasses import replace

import pytest

from chaoskit.errors import InputError
from chaoskit.race.findings import ALL, Question, judge, judge_with_spin
from chaoskit.race.invariants import SAFETY
from chaoskit.race.model import Race
from chaoskit.race.protections import rules_of
from chaoskit.race.rules import Rules, Step
from chaoskit.sim import spin as spin_module
from chaoskit.sim.explore import explore
from chaoskit.sim.progress import progress
from chaoskit.sim.promela import closed_tables, promela
from chaoskit.sim.spin import Spin, missing
from chaoskit.sim.system import System

needs_spin = pytest.mark.skipif(missing() is not None, reason=str(missing()))

REPRESENTATIVE = [
    (),
    ("fenced_lock",),
    ("freshness_before_stamp",),
    ("freshness_after_stamp", "velocity_limit"),
]


@needs_spin
@pytest.mark.parametrize("names", REPRESENTATIVE, ids=" + ".join)
def test_spin_agrees(names: tuple[str, ...]) -> None:
    race = Race(2, 4).with_protections(names)
    ours, spins = judge(race, symmetric=False), judge_with_spin(race, small=True, count=True)
    assert spins.states == ours.states
    assert spins.transitions == ours.transitions + 1  # SPIN counts the arrival at the start
    for finding in spins.findings:
        assert finding.holds == ours.of(finding.invariant).holds, finding.invariant
        if finding.shortest and finding.trace:
            assert len(finding.trace) == len(ours.of(finding.invariant).trace or ())


@needs_spin
def test_a_trail_is_a_way_of_ours() -> None:
    race = Race(2, 4)
    spins = judge_with_spin(race, small=True, count=True)
    system = race.system(SAFETY)
    for bit, rule in enumerate(SAFETY):
        last = system.replay(spins.of(rule.name).trace or ())[-1]
        assert system.marks(last.before.shared, last.call, last.after.shared) == sum(
            1 << other
            for other, invariant in enumerate(SAFETY)
            if invariant.broken(last.before.shared, last.call, last.after.shared)
        )
        assert rule.broken(last.before.shared, last.call, last.after.shared), bit
    cyclic = spins.of("does_progress")
    moves = system.replay(cyclic.trace or ())
    assert 0 < cyclic.cycle < len(moves)
    assert moves[-1].after == moves[-cyclic.cycle].before


def system_of(rules: Rules) -> System:
    return Race(2, 3, base=rules).system(())


def without_looking(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return tuple(step for step in steps if step is not Step.LOOK)


FENCED = rules_of(["fenced_lock"])
ABORTING = replace(FENCED, build=without_looking(FENCED.build), rebuild=without_looking(FENCED.rebuild))
"""A fence without the skipping of builds whose tree is there."""


def test_fenced_enactors_that_rebuild_abort_each_other_for_ever() -> None:
    system = system_of(ABORTING)
    findings = progress(explore(system, edges=True))
    assert findings.stuck is None, "some order of steps always installs the newest plan"
    assert findings.lasso is not None
    moves = system.replay(findings.lasso.stem + findings.lasso.cycle)
    round_ = moves[len(findings.lasso.stem) :]
    assert round_[0].before == round_[-1].after
    assert {move.process for move in round_} == {1, 2}
    assert not any(system.goal(move.after.shared) for move in round_)


@needs_spin
def test_spin_finds_the_same_livelock() -> None:
    with Spin(promela(system_of(ABORTING), "a livelock", []), small=True) as spin:
        assert spin.progress().trail is not None
    with Spin(promela(system_of(FENCED), "its cure", []), small=True) as spin:
        assert spin.progress().trail is None


def test_the_closure_has_every_pair_that_is_met() -> None:
    system = Race(2, 4).system(SAFETY)
    met, closed = explore(system).codes.tables, closed_tables(system)

    def effects(tables: object) -> set[tuple[object, object]]:
        return {
            (tables.shared.values[shared], tables.calls.values[call])  # type: ignore[attr-defined]
            for shared, call, _ in tables.known_effects()  # type: ignore[attr-defined]
        }

    assert effects(met) <= effects(closed)
    assert len(effects(closed)) < 1.5 * len(effects(met))


def test_without_spin_there_is_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chaoskit.sim.spin.shutil.which", lambda name: None)
    with pytest.raises(InputError, match="install Debian's package spin"):
        judge_with_spin(Race(1, 2))


@needs_spin
def test_a_search_that_is_too_deep_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spin_module, "DEPTHS", (10,))
    text = promela(Race(2, 3).system(()), "x", [])
    with Spin(text, small=True) as spin, pytest.raises(spin_module.SpinError, match="deeper than 10"):
        spin.count()


@needs_spin
def test_tables_that_lack_a_pair_are_no_verdict() -> None:
    text = promela(Race(2, 3).system(()), "x", [])
    torn = re.sub(r"\[(\d+)\]=\{1,0,", r"[\1]={0,0,", text)
    assert torn != text
    with Spin(torn, small=True) as spin, pytest.raises(spin_module.SpinError, match="not in the tables"):
        spin.count()


@needs_spin
@pytest.mark.skipif("CHAOSKIT_THOROUGH" not in os.environ, reason="every set takes minutes; set CHAOSKIT_THOROUGH")
@pytest.mark.timeout(1800)
def test_spin_agrees_on_every_set() -> None:
    from tests.race.agreement import disagreements

    assert disagreements(2, 4) == []


def test_questions_reach_spin() -> None:
    assert "never_older" in promela(Race(2, 2).system(ALL.safety), "x", [rule.name for rule in ALL.safety])
    assert Question(progress=()).names == tuple(rule.name for rule in SAFETY)
