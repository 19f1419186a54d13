"""Guards of a control plane: what no batch may do to a record, judged with the batch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.aws.route53.batch import Change, Refusal
from chaoskit.aws.route53.control_plane import Behaviour, ControlPlane
from chaoskit.aws.route53.guards import Guards, Velocity, guards_from_json
from chaoskit.aws.route53.record_set import HostedZone, RecordSet
from chaoskit.aws.route53.spec import ControlPlaneSpec, behaviour_plan
from chaoskit.units import SECOND

NAME = "api.example.com."


def weighted(number: int) -> RecordSet:
    return RecordSet(NAME, "A", f"s{number}", 5, (f"192.0.2.{number}",), routing=(("Weight", "1"),))


def plane(guards: Guards, addresses: int) -> ControlPlane:
    control = ControlPlane(Behaviour(account=None), guard=guards.check)
    control.adopt(HostedZone("Z1", "example.com."), 0)
    control.change("Z1", [Change("CREATE", weighted(number)) for number in range(1, addresses + 1)], 0)
    return control


def delete(control: ControlPlane, number: int, at: int) -> bool:
    """Whether the deletion was accepted."""
    try:
        control.change("Z1", [Change("DELETE", weighted(number))], at)
    except Refusal as refusal:
        assert refusal.code == "InvalidChangeBatch"
        return False
    return True


def test_the_last_address_stays() -> None:
    control = plane(Guards(("*.example.com",), never_empty=True), 2)
    assert [delete(control, 1, 1), delete(control, 2, 2)] == [True, False]


def test_a_name_that_no_pattern_means_is_not_guarded() -> None:
    assert delete(plane(Guards(("*.example.org",), never_empty=True), 1), 1, 1)


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=9).map(sorted),
    st.integers(1, 3),
    st.integers(1, 10),
)
def test_no_window_loses_more_addresses_than_is_allowed(times: list[int], most: int, per: int) -> None:
    control = plane(Guards(("*.example.com",), velocity=Velocity(most, per)), 10)
    losses = [at for number, at in enumerate(times, 1) if delete(control, number, at)]
    assert losses[:1] == times[:1]
    assert all(sum(end - per < at <= end for at in losses) <= most for end in losses)


def test_guards_are_written_in_the_experiment() -> None:
    spec = ControlPlaneSpec.model_validate(
        {"guards": {"names": [NAME.rstrip(".")], "never_empty": True, "velocity": {"addresses": 2, "per": "10s"}}}
    )
    guards = guards_from_json(behaviour_plan(spec)["guards"])
    assert guards == Guards(("api.example.com",), never_empty=True, velocity=Velocity(2, 10 * SECOND))
    assert guards_from_json(behaviour_plan(ControlPlaneSpec())["guards"]) == Guards()


def test_guards_without_names_are_refused() -> None:
    with pytest.raises(ValueError, match="names"):
        ControlPlaneSpec.model_validate({"guards": {"names": [], "never_empty": True}})
