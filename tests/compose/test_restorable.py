"""What could not be put back is refused before it is touched, and what can be is not."""

from __future__ import annotations

from typing import Any

import pytest

from chaoskit.compose.restorable import check
from chaoskit.compose.running import HASH, IMAGE_ID, find
from chaoskit.errors import InputError
from tests.compose.engines import Engine, container

SUBNET = "172.31.253.0/24"


def refused(*containers: dict[str, Any], chosen: str = "web", **more: Any) -> str:
    engine = Engine(*containers, **more)
    with pytest.raises(InputError) as found:
        check(engine, find(engine, "shop").taking([chosen]), SUBNET)
    assert engine.asked == []
    return str(found.value)


def test_a_service_that_runs_well_is_taken() -> None:
    engine = Engine(
        container("web", health="healthy"),
        container("db", health="unhealthy"),
        container("side", host={"NetworkMode": "container:id-db-1"}),
        subnets=("172.17.0.0/16", "fd00::/64"),
    )
    check(engine, find(engine, "shop").taking(["web"]), SUBNET)


@pytest.mark.parametrize(
    ("web", "word"),
    [
        (container("web", health="unhealthy"), "web is unhealthy"),
        (container("web", status="restarting"), "web is restarting"),
        (container("web", status="paused"), "web is paused"),
        (container("web", labels={HASH: "other"}), "web runs with other settings"),
        (container("web", labels={IMAGE_ID: "sha256:0"}), "a changed file or image"),
    ],
)
def test_what_would_not_come_back_so_is_refused(web: dict[str, Any], word: str) -> None:
    assert word in refused(web)


def test_a_stopped_instance_would_be_started_or_removed() -> None:
    assert "web has 1 stopped container " in refused(container("web"), container("web", 2, status="exited"))


@pytest.mark.parametrize(("key", "word"), [("NetworkMode", "network"), ("IpcMode", "IPC"), ("PidMode", "process")])
def test_who_lives_in_a_chosen_container_would_lose_it(key: str, word: str) -> None:
    said = refused(container("web"), container("side", host={key: "container:id-web-1"}))
    assert f"shop-side-1 is in the {word} namespace of web" in said


def test_a_network_joined_by_hand_would_be_lost() -> None:
    complaint = refused(container("web", networks=["shop_default", "ops"]))
    assert complaint.startswith("web has joined ops by hand (docker network connect), which it would lose")


@pytest.mark.parametrize("kind", ["volume", "network"])
def test_what_is_theirs_and_called_as_ours_is_not_taken(kind: str) -> None:
    class Named(Engine):
        def present(self, *names: str, kind: str = "container") -> list[dict[str, Any]]:
            return (
                [{"Name": names[0], "Labels": None}] if kind == theirs and names else super().present(*names, kind=kind)
            )

    theirs = kind
    engine = Named(container("web"))
    with pytest.raises(InputError, match=rf"^there is a {kind} shop_chaoskit\S* already, which ours would be called"):
        check(engine, find(engine, "shop").taking(["web"]), SUBNET)


def test_a_dependency_that_would_be_made_anew_is_refused_too() -> None:
    services = {"web": {"depends_on": {"db": {"condition": "service_started"}}}, "db": {}}
    said = refused(container("web"), container("db", labels={HASH: "other"}), services=services)
    assert said.startswith("db (which web depends on) runs with other settings")


def test_a_dependency_hashed_by_container_is_no_stranger() -> None:
    services = {"web": {"depends_on": ["db"]}, "db": {}}
    host = {"NetworkMode": "shop_default", "VolumesFrom": ["id-data-1:rw"]}
    engine = Engine(container("web"), container("db", labels={HASH: "by id"}, host=host), services=services)
    check(engine, find(engine, "shop").taking(["web"]), SUBNET)


def test_a_subnet_that_is_taken_is_told_with_its_network() -> None:
    said = refused(container("web"), subnets=("172.31.0.0/16",))
    assert said == f"--subnet {SUBNET}: the network theirs has 172.31.0.0/16 already; name another private network"
