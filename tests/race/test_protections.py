"""Any protections together: they compose, an enactor under them never gets stuck for words, and the explorer sees all of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.race.calls import Batch, InstallIfNewer
from chaoskit.race.enactor import Enactor, Local
from chaoskit.race.invariants import SAFETY
from chaoskit.race.model import Race
from chaoskit.race.protections import ORDER, ordered, rules_of
from chaoskit.race.rules import Step
from chaoskit.sim.explore import explore
from tests.sim.toys import naive

SETS = st.lists(st.sampled_from(ORDER), unique=True, max_size=5)


@given(SETS)
def test_any_set_composes_whatever_the_order_of_its_names(names: list[str]) -> None:
    rules = rules_of(names)
    assert rules == rules_of(reversed(names)) == rules_of(ordered(names))
    assert rules.opening[0] is Step.PLANS
    assert rules.opening[-1] is Step.LIST


@given(SETS)
def test_no_batch_is_sent_without_a_stamp(names: list[str]) -> None:
    """From the start on, along every step that can be reached with two enactors."""
    system = Race(2, 3).with_protections(names).system(SAFETY)
    for call in explore(system).codes.tables.calls.values:
        assert not isinstance(call, Batch) or call.stamp is not None


@given(SETS)
def test_the_explorer_sees_what_step_by_step_search_sees(names: list[str]) -> None:
    system = Race(2, 2).with_protections(names).system(SAFETY)
    graph = naive(system)
    assert explore(system, symmetric=False).size == len(graph.distance)
    folded = {(state.shared, tuple(sorted(state.locals[1:], key=repr))) for state in graph.distance}
    assert explore(system).size == len(folded)


@given(SETS)
def test_one_enactor_alone_installs_and_cleans(names: list[str]) -> None:
    """Nobody races it, so every plan is installed, none but the last two stay, and it never loses or is refused."""
    plane, enactor = Race(1, 6).with_protections(names).control_plane, Enactor(rules_of(names))
    zone = plane.start._replace(published=6)
    local: Local = enactor.start
    writes = 0
    for _ in range(60):
        call = enactor.call(local)
        effect = plane.perform(zone, call)
        assert effect is not None
        zone, answer = effect
        local = enactor.reply(local, answer)
        writes += isinstance(call, Batch | InstallIfNewer)
    assert (zone.alias, zone.addresses) == (6, plane.addresses)
    assert not any(zone.trees[:4])
    assert writes
