"""The override: what it gives whom, and that Compose would take it as it is meant."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.compose.bypasses import PROXIES
from chaoskit.compose.overlay import app_environment, eligible, make_override, write_override
from chaoskit.compose.overlay_container import here
from chaoskit.compose.plan import OverlayPlan, dynamic_range, lay_out
from chaoskit.compose.project import from_plain
from chaoskit.compose.write import every_service, loopback_of
from chaoskit.errors import InputError
from chaoskit.experiment.plans import services_of, zones
from chaoskit.experiment.schema import ExperimentSpec
from chaoskit.sandbox.environment import FAKE_KEY
from tests.compose.projects import project

PLAN = lay_out("theirs.yaml", ["web", "worker"], ["127.0.1.1", "127.0.1.2"])


def override(**services: Any) -> dict[str, Any]:
    one = project(**services)
    return make_override(one, eligible(one, []), lay_out("theirs.yaml", list(services), ["127.0.1.1"]), "chaoskit:test")


def test_no_two_parts_share_an_address_dynamic_ones_lie_apart() -> None:
    ours = [PLAN.own, *PLAN.resolvers.values(), *PLAN.addresses.values()]
    assert len(set(ours)) == 5
    dynamic = ipaddress.IPv4Network(dynamic_range(PLAN.subnet))
    assert not any(ipaddress.IPv4Address(one) in dynamic for one in ours)
    assert all(ipaddress.IPv4Address(one) in ipaddress.IPv4Network(PLAN.subnet) for one in ours)


def test_the_plan_comes_back_from_json() -> None:
    assert OverlayPlan.from_json(PLAN.to_json()) == PLAN


@pytest.mark.parametrize("subnet", ["8.8.8.0/24", "10.0.0.0/15", "10.0.0.0/25", "10.0.0.1/24", "x"])
def test_a_subnet_that_cannot_be_is_refused(subnet: str) -> None:
    with pytest.raises(InputError, match="--subnet"):
        lay_out("theirs.yaml", ["web"], [], subnet)


def test_each_service_has_one_resolver_of_its_own() -> None:
    text = write_override(override(web={"dns": ["10.0.0.1", "10.0.0.2"]}, worker=None), [])
    assert "dns: !override [172.31.253.4]" in text
    assert "dns: !override [172.31.253.5]" in text


def test_a_service_keeps_its_networks() -> None:
    found = override(web=None, worker={"networks": {"back": {"aliases": ["x"]}}})["services"]
    assert list(found["web"]["networks"]) == ["default", "chaoskit"]
    assert list(found["worker"]["networks"]) == ["back", "chaoskit"]


def test_our_network_leads_nowhere() -> None:
    assert override(web=None)["networks"]["chaoskit"]["internal"] is True


def test_real_credentials_and_proxies_are_taken_out() -> None:
    service = project(
        web={
            "environment": {
                "AWS_SESSION_TOKEN": "t",
                "HTTPS_PROXY": "p",
                "AWS_PROFILE": "prod",
                "AWS_ACCESS_KEY_ID": "AKIA1",
            }
        }
    ).services["web"]
    found = app_environment(service, "us-east-1")
    assert (found["AWS_SESSION_TOKEN"], found["HTTPS_PROXY"], found["AWS_PROFILE"]) == ("", "", "default")
    assert found["AWS_ACCESS_KEY_ID"] == FAKE_KEY
    assert "AWS_ROLE_ARN" not in found  # what is not theirs is not set


def test_a_proxy_from_dockers_configuration_is_emptied_too() -> None:
    found = app_environment(project(web=None).services["web"], "us-east-1")
    assert {name for name, value in found.items() if value == ""} == set(PROXIES)


def test_a_dollar_in_the_plan_is_not_taken_for_a_variable() -> None:
    one = project(web=None)
    plan = lay_out("$HOME/theirs.yaml", ["web"], [])
    content = make_override(one, ["web"], plan, "i")["configs"]["chaoskit-stage"]["content"]
    assert "$$HOME" in content
    assert json.loads(content.replace("$$", "$"))["source"] == "$HOME/theirs.yaml"


def test_services_without_a_network_are_left_out_or_refused() -> None:
    one = project(web={"network_mode": "host"}, worker=None)
    assert eligible(one, []) == ["worker"]
    with pytest.raises(InputError, match="web has network_mode: host"):
        eligible(one, ["web"])
    with pytest.raises(InputError, match="no service 'wep'; services: web, worker"):
        eligible(one, ["wep"])
    with pytest.raises(InputError, match="a service called chaoskit"):
        eligible(project(web=None, chaoskit=None), [])
    with pytest.raises(InputError, match="each service of it has a network_mode"):
        eligible(project(web={"network_mode": "none"}), [])


def test_docker_s_default_network_cannot_be_left_either() -> None:
    one = project(web={"network_mode": "bridge"}, other={"network_mode": "default"}, worker=None)
    assert eligible(one, []) == ["worker"]
    with pytest.raises(InputError, match="web has network_mode: bridge, beside which Compose allows no other network"):
        eligible(one, ["web"])


def test_a_service_named_twice_is_put_under_once() -> None:
    assert eligible(project(web=None, worker=None), ["web", "worker", "web"]) == ["web", "worker"]


@pytest.mark.parametrize(
    ("kind", "name"), [("networks", "chaoskit"), ("volumes", "chaoskit-trust"), ("configs", "chaoskit-stage")]
)
def test_what_is_called_as_ours_is_refused(kind: str, name: str) -> None:
    plain = {"services": {"web": {}}, kind: {name: None}}
    with pytest.raises(InputError, match=f"{kind}.{name} is declared in it already"):
        eligible(from_plain(plain, "theirs.yaml"), [])


def test_a_service_called_canary_would_be_taken_for_our_own() -> None:
    with pytest.raises(InputError, match="service 'canary' of the project cannot be a client's name here"):
        eligible(project(web=None, canary=None), [])
    assert eligible(project(web=None, canary=None), ["web"]) == ["web"]


def test_the_text_is_yaml_with_its_head_as_comments() -> None:
    text = write_override(override(web=None), ["first", "", "  second"])
    assert text.startswith("# first\n#\n#   second\n")
    assert "services" in yaml.compose(text).value[0][0].value  # type: ignore[union-attr]
    assert "&id" not in text


def test_every_service_of_the_experiment_is_in_the_overlay() -> None:
    spec = every_service("us-east-1")
    plan = lay_out("theirs.yaml", ["web"], loopback_of(spec))
    moved = here(spec, plan)
    addresses = [one for many in services_of(moved).values() for one in many]
    assert sorted(addresses) == sorted(plan.addresses.values())
    answered = {record["data"] for zone in zones(moved, ipv6=False) for record in zone["records"]}
    assert not any(one.startswith("127.0.1.") for one in answered)


def test_zones_of_a_service_move_with_their_addresses() -> None:
    spec = ExperimentSpec.model_validate(
        {"title": "t", "services": {"dynamodb": {"availability_zones": 3, "addresses_per_zone": 2}}}
    )
    plan = lay_out("theirs.yaml", ["web"], loopback_of(spec))
    assert services_of(here(spec, plan))["dynamodb"] == tuple(plan.addresses.values())
    assert len(plan.addresses) == 6


def test_a_hundred_services_fit_and_more_take_a_wider_network() -> None:
    addresses = loopback_of(every_service("us-east-1"))
    assert len(addresses) < 25
    plan = lay_out("theirs.yaml", [f"s{number}" for number in range(100)], addresses)
    dynamic = ipaddress.IPv4Network(dynamic_range(plan.subnet))
    assert not any(ipaddress.IPv4Address(one) in dynamic for one in plan.resolvers.values())
    many = [f"s{number}" for number in range(300)]
    with pytest.raises(InputError, match=r"give a network that is wide enough \(--subnet 172\.30\.0\.0/22\)"):
        lay_out("theirs.yaml", many, addresses)
    wide = lay_out("theirs.yaml", many, addresses, "172.30.0.0/22")
    dynamic = ipaddress.IPv4Network(dynamic_range(wide.subnet))
    assert not any(ipaddress.IPv4Address(one) in dynamic for one in wide.resolvers.values())


@given(services=st.integers(1, 2000), addresses=st.integers(0, 100), prefix=st.integers(16, 24))
def test_subnets_that_fit_lie_apart_others_are_told_the_width(services: int, addresses: int, prefix: int) -> None:
    names = [f"s{number}" for number in range(services)]
    loopback = [f"127.0.{number // 250}.{number % 250 + 1}" for number in range(addresses)]
    try:
        plan = lay_out("theirs.yaml", names, loopback, f"10.0.0.0/{prefix}")
    except InputError as error:
        width = re.search(r"--subnet 172\.30\.0\.0/(\d+)", str(error))
        assert width is not None
        assert int(width[1]) < prefix
        plan = lay_out("theirs.yaml", names, loopback, f"10.0.0.0/{width[1]}")
    ours = [plan.own, *plan.resolvers.values(), *plan.addresses.values()]
    assert len(set(ours)) == 1 + services + addresses
    network = ipaddress.IPv4Network(plan.subnet)
    assert max(map(ipaddress.IPv4Address, ours)) < next(iter(ipaddress.IPv4Network(dynamic_range(plan.subnet))))
    assert min(map(ipaddress.IPv4Address, ours)) > network[1], "the first is the bridge's own"


def test_a_network_of_theirs_with_our_addresses_is_refused() -> None:
    networks = {"back": {"ipam": {"config": [{"subnet": "172.31.0.0/16"}, {"subnet": "fd00::/64"}, {"subnet": "$X"}]}}}
    theirs = from_plain({"services": {"web": {}}, "networks": networks | {"front": None}}, "theirs.yaml")
    with pytest.raises(
        InputError, match=r"--subnet 172\.31\.253\.0/24: network back of theirs\.yaml is 172\.31\.0\.0/16"
    ):
        make_override(theirs, ["web"], lay_out("theirs.yaml", ["web"], []), "i")
    assert make_override(theirs, ["web"], lay_out("theirs.yaml", ["web"], [], "10.9.8.0/24"), "i")


@pytest.mark.parametrize(
    "web",
    [
        {"volumes": ["data:/chaoskit"]},
        {"volumes": [{"type": "bind", "source": "d", "target": "/chaoskit/"}]},
        {"tmpfs": "/chaoskit/cache:size=1m"},
        {"configs": [{"source": "c", "target": "/chaoskit/c"}]},
        {"configs": ["chaoskit"]},
        {"secrets": [{"source": "s", "target": "/chaoskit/s"}]},
    ],
)
def test_what_they_mount_where_ours_would_go_is_refused(web: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="web has something of its own at /chaoskit"):
        eligible(project(web=web, worker=None), [])
    assert eligible(project(web=web, worker={"volumes": ["d:/chaoskit-data"]}), ["worker"]) == ["worker"]
