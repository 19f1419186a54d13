"""A running project as Docker's labels tell of it, with a Docker that is only told what to say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chaoskit.compose.engine import Docker
from chaoskit.compose.overlay import TOOK_LABEL
from chaoskit.compose.restorable import strangers
from chaoskit.compose.running import Origin, find
from chaoskit.errors import InputError
from chaoskit.sandbox.owner import Owner
from tests.compose.engines import Engine, container


class Told(Docker):
    """A Docker of these containers; ``hashes`` is what ``config --hash`` would say, ``resolved`` the same with each ``env_file`` read."""

    def __init__(
        self, containers: list[dict[str, str]], hashes: dict[str, str], resolved: dict[str, str] | None = None
    ) -> None:
        self.containers = containers
        self.hashes = hashes
        self.resolved = hashes if resolved is None else resolved
        self.asked: list[tuple[str, ...]] = []

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        self.asked.append(arguments)
        if arguments[0] == "ps":
            return "".join(f"{number}\n" for number in range(len(self.containers)))
        if "--hash" in arguments:
            hashes = self.hashes if stdin is None else self.resolved
            return "".join(f"{name} {value}\n" for name, value in hashes.items())
        services: dict[str, Any] = {one["com.docker.compose.service"]: {} for one in self.containers}
        return json.dumps({"name": "shop", "services": services})

    def inspect(self, *names: str, kind: str = "container") -> list[dict[str, Any]]:
        state = {"Running": True, "Status": "running"}
        return [{"Config": {"Labels": self.containers[int(name)]}, "State": state} for name in names]


def labels(service: str, number: str = "h1") -> dict[str, str]:
    return {
        "com.docker.compose.project": "shop",
        "com.docker.compose.service": service,
        "com.docker.compose.project.config_files": "/srv/a.yaml,/srv/b.yaml",
        "com.docker.compose.project.working_dir": "/srv",
        "com.docker.compose.config-hash": number,
    }


def test_the_options_that_brought_it_up_are_found() -> None:
    running = find(Told([labels("web"), labels("web"), labels("db")], {}), "shop")
    assert running.origin.options == (
        *("--project-name", "shop", "--project-directory", "/srv"),
        *("--file", "/srv/a.yaml", "--file", "/srv/b.yaml"),
    )
    assert running.origin.scale == {"web": 2, "db": 1}


def test_our_own_container_is_none_of_theirs() -> None:
    ours = labels("chaoskit") | {TOOK_LABEL: "shop"}
    assert set(find(Told([labels("web"), ours], {}), "shop").containers) == {"web"}


def test_a_project_that_does_not_run_is_refused() -> None:
    with pytest.raises(InputError, match="no container of compose project 'shop' runs"):
        find(Told([], {}), "shop")


def test_a_service_that_does_not_run_is_refused() -> None:
    running = find(Told([labels("web")], {}), "shop")
    with pytest.raises(InputError, match="no container of service 'db' runs; running: web"):
        running.choose(["db"])


def test_unnamed_what_cannot_be_given_a_resolver_is_left_out() -> None:
    services = {"web": {}, "side": {"network_mode": "host"}}
    engine = Engine(container("web"), container("side"), container("gone"), services=services)
    running = find(engine, "shop")
    assert running.choose([]) == ["web"]
    assert running.choose(["side"]) == ["side"], "it is refused with its reason later"
    only = find(Engine(container("side"), services=services), "shop")
    with pytest.raises(InputError, match="none of side can be put in a network of ours"):
        only.choose([])


def test_the_environment_is_that_of_the_container() -> None:
    env = ["PATH=/bin", "HTTPS_PROXY=http://p", "AWS_REGION=eu-west-1", "EMPTY="]
    engine = Engine(container("web", env=env), container("db"), services={"web": {"environment": {"A": "1"}}, "db": {}})
    web = find(engine, "shop").project.services["web"]
    assert web.sets("HTTPS_PROXY")
    assert not web.sets("EMPTY")
    assert web.regions == {"eu-west-1"}


def test_services_that_could_not_be_made_again_are_told() -> None:
    docker = Told([labels("web", "h1"), labels("db", "h2")], {"web": "h1", "db": "other"})
    running = find(docker, "shop")
    assert strangers(docker, running, ["web", "db"]) == ["db"]
    assert strangers(docker, running, []) == []


def test_a_service_with_an_env_file_is_no_stranger() -> None:
    docker = Told(
        [labels("web", "read"), labels("db", "h2")], {"web": "unread", "db": "h3"}, {"web": "read", "db": "h4"}
    )
    assert strangers(docker, find(docker, "shop"), ["web", "db"]) == ["db"]


def test_an_origin_comes_back_from_its_label() -> None:
    origin = Origin(
        project="shop", options=("--file", "/a b/$c.yaml"), scale={"web": 2}, beside={"db": 0}, owner=Owner.here()
    )
    assert Origin.from_json(origin.to_json()) == origin


def test_services_are_taken_in_the_order_of_their_dependencies() -> None:
    services = {
        "web": {"depends_on": {"api": {"condition": "service_healthy"}, "seed": {"condition": "service_started"}}},
        "api": {"depends_on": {"db": {"condition": "service_healthy"}}},
        "db": {},
        "seed": {},
        "other": {},
    }
    engine = Engine(
        *(container("web"), container("web", 2), container("api"), container("other")),
        *(container("db"), container("db", 2), container("db", 3, status="exited")),
        services=services,
    )
    origin = find(engine, "shop").taking(["web", "api"]).origin
    assert list(origin.scale.items()) == [("api", 1), ("web", 2)]
    assert origin.beside == {"db": 3, "seed": 0}
    assert origin.awaits == {"web": ["api"]}
