"""The plan's JSON, there and back."""

from __future__ import annotations

import json
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.network.plan import Plan, ProxySpec, plan_from_json
from chaoskit.network.target import NetworkTarget
from chaoskit.network.toxics import TOXICS, Toxic
from chaoskit.timeline.codec import injection_from_json, injection_to_json
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.window import Once
from tests.network.test_toxics import toxics

names = st.text(min_size=1, max_size=20)
streams: st.SearchStrategy[Literal["downstream", "upstream"]] = st.sampled_from(["downstream", "upstream"])
instants = st.integers(0, 10**13)


@given(
    names,
    st.builds(NetworkTarget, names, streams, st.none() | st.integers(1, 6)),
    st.builds(Once, instants, instants),
    toxics(),
    st.floats(0, 1),
    st.booleans(),
)
def test_an_injection_survives_json(
    name: str, where: NetworkTarget, when: Once, toxic: Toxic, chance: float, hidden: bool
) -> None:
    injection = Injection(name, where, when, toxic, chance, hidden)
    assert injection_from_json(json.loads(json.dumps(injection_to_json(injection))), NetworkTarget, TOXICS) == injection


def test_an_empty_plan_is_the_embedded_proxy() -> None:
    assert plan_from_json({"toxiproxy": None, "injections": []}) == Plan(None, (), 0)
    assert plan_from_json({"toxiproxy": "toxiproxy-server", "seed": 7}) == Plan("toxiproxy-server", (), 7)


def test_where_reads_well() -> None:
    assert NetworkTarget("dynamodb").describe() == "dynamodb, downstream"


def test_a_proxy_is_meant_by_the_address_of_the_experiment() -> None:
    """In the docker sandbox it listens at one of the run's network."""
    proxy = ProxySpec("db@127.0.5.1", "db", "172.25.128.4:5432", "127.0.0.1:1")
    assert proxy.meets(NetworkTarget("db", addresses=("127.0.5.0/24",)))
    assert not proxy.meets(NetworkTarget("db", addresses=("172.25.0.0/16",)))
    assert ProxySpec("db", "db", "[::1]:5432", "127.0.0.1:1").meets(NetworkTarget("db", addresses=("::1",)))
