"""The embedded proxy listens on loopback, and in a network that the plan says is the run's own; nowhere else."""

from __future__ import annotations

import pytest

from chaoskit.network.embedded.addresses import Reach
from chaoskit.network.plan import plan_from_json


def test_an_address_of_the_run_network_is_taken_when_named() -> None:
    assert Reach(("172.31.253.0/24",)).listen("172.31.253.10:443") == ("172.31.253.10", 443)


@pytest.mark.parametrize("within", [(), ("172.31.254.0/24",)])
def test_any_other_address_is_refused(within: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="loopback"):
        Reach(within).upstream("172.31.253.10:443")


def test_the_plan_carries_the_network() -> None:
    assert plan_from_json({"within": ["172.31.253.0/24"]}).within == ("172.31.253.0/24",)
    assert plan_from_json({}).within == ()
