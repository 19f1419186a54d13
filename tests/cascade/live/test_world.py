"""Leases, launches, network and balancer in virtual time, by the settings of the real parts."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from chaoskit.cascade.live.parts.balancer import Balancer, Damping
from chaoskit.cascade.live.parts.droplets import Droplets
from chaoskit.cascade.live.parts.launches import Launches
from chaoskit.cascade.live.parts.network import Network
from chaoskit.cascade.live.simulated_world import World, play_world
from chaoskit.cascade.live.workflow import Throttle
from chaoskit.units import MILLISECOND, SECOND

WORLD = World(
    droplets=Droplets(droplets=8, throttle=Throttle(low=2, high=3)),
    launches=Launches(every=SECOND, lead=10 * SECOND, most=6),
    network=Network(leases=7, arriving_per_s=1.0, able_per_s=3.0, healthy_nodes=True),
    balancer=Balancer(damping=Damping()),
    labels={},
    per_droplet=1,
    begins=0,
    outage=(5 * SECOND, 13 * SECOND),
    ends=35 * SECOND,
    seed=3,
    database_ns=(10 * MILLISECOND, 30 * MILLISECOND),
    ec2_ns=(20 * MILLISECOND,),
)


def last(name: str, world: World = WORLD) -> float:
    return play_world(world)[name][-1][1]


def test_equal_worlds_give_equal_levels() -> None:
    assert play_world(WORLD) == play_world(WORLD)
    assert play_world(WORLD) != play_world(replace(WORLD, seed=4))


def test_everything_comes_back_in_its_order() -> None:
    assert last("leases held") == 8
    assert last("launches") == 6
    assert last("instances connected") == 12
    assert last("targets in service") == 12


def test_nothing_is_launched_while_no_lease_is_held() -> None:
    levels = play_world(WORLD)
    lapsed = [second for second, value in levels["leases held"] if value == 0 and second > 5]
    assert lapsed
    launched_at = [second for second, value in levels["launches"] if value]
    back = next(second for second, value in levels["leases held"] if second > 13 and value > 0)
    assert not [second for second in launched_at if lapsed[0] + 1 < second < back]


def test_a_droplet_without_room_takes_no_launch() -> None:
    assert last("launches", replace(WORLD, droplets=replace(WORLD.droplets, droplets=2))) <= 2


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), able_per_s=st.floats(0.5, 20))
def test_never_more_targets_than_there_are(seed: int, able_per_s: float) -> None:
    assert WORLD.network is not None
    world = replace(WORLD, seed=seed, network=replace(WORLD.network, able_per_s=able_per_s))
    levels = play_world(world)
    assert all(0 <= value <= 12 for _, value in levels["targets in service"])
    counts = [value for _, value in levels["launches"]]
    assert counts == sorted(counts)
