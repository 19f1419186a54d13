"""The files under docker/, read as they are: pins, addresses and names agree. No engine is needed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chaoskit.experiment.loader import load
from chaoskit.interruption import ABORT
from chaoskit.sandbox import infra_container, stdio_bridge
from chaoskit.sandbox.docker_image import USER

ROOT = Path(__file__).resolve().parent.parent.parent
DOCKER = ROOT / "docker"
PREFIX = "${CHAOSKIT_PREFIX:-10.253.53}"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    return read


def pairs(text: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in text.split())


def test_requirements_are_pinned_as_in_the_lock() -> None:
    locked = set(re.findall(r"^\S+==\S+", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    wanted = re.findall(r"^[^#\s].*$", (DOCKER / "requirements.txt").read_text(), re.MULTILINE)
    assert wanted
    assert not set(wanted) - locked, "pin docker/requirements.txt as requirements.lock does"


def test_every_dependency_is_in_the_image() -> None:
    import tomllib

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[\[<>=]", line)[0] for line in declared}
    pinned = {line.split("==")[0] for line in (DOCKER / "requirements.txt").read_text().splitlines()}
    assert not names - pinned, "add them, and what they need, to docker/requirements.txt"


def test_nothing_outside_can_be_reached(compose: dict[str, Any]) -> None:
    assert compose["networks"]["game-day"]["internal"] is True
    for name, service in compose["services"].items():
        if name != "audience":
            assert "ports" not in service, name
            assert service.get("networks") in (None, ["game-day"]) or set(service["networks"]) == {"game-day"}, name
        assert service.get("networks") or service.get("network_mode") == "service:dns", (
            f"{name} would be on the default network"
        )


def test_the_live_page_is_published_on_loopback_alone(compose: dict[str, Any]) -> None:
    services = compose["services"]
    audience = services["audience"]
    (published,) = audience["ports"]
    assert published == "127.0.0.1:${CHAOSKIT_PAGE:-8053}:8053"
    assert "chaoskit.sandbox.tcp_relay" in audience["entrypoint"], "it carries connections, and does nothing else"
    assert audience["entrypoint"][-1] == "game-day:8053"
    assert services["game-day"]["command"][-2:] == ["--console-at", "0.0.0.0:8053"]
    assert services["game-day"]["environment"]["CHAOSKIT_CONSOLE_ON_HOST"] == published.removesuffix(":8053")
    options = compose["networks"]["audience"]["driver_opts"]
    assert options == {"com.docker.network.bridge.enable_ip_masquerade": "false"}


def test_every_client_asks_where_the_run_listens(compose: dict[str, Any]) -> None:
    services = compose["services"]
    told = pairs(services["game-day"]["environment"]["CHAOSKIT_RESOLVERS"])
    doors = pairs(services["game-day"]["environment"]["CHAOSKIT_DOORS"])
    assert len(set(told.values())) == len(told)
    for label in set(told) - {"canary"}:
        assert services[label]["dns"] == [told[label]], (
            f"one address and no other: a second would hide the fault ({label})"
        )
        assert doors[label] == f"{label}:{stdio_bridge.PORT}"
    assert services["game-day"]["dns"] == [told["canary"]]


def test_images_are_pinned_and_everything_tells_its_health(compose: dict[str, Any]) -> None:
    assert compose["services"]["toxiproxy"]["image"].endswith("ghcr.io/shopify/toxiproxy:2.5.0}")
    for name, service in compose["services"].items():
        assert not service["image"].endswith(("latest", "latest}")), name
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["labels"] == {"chaoskit.run": "compose"}, name
        assert service["cap_drop"] == ["ALL"], name
        starts_as_root = service.get("user") == "0:0"
        assert not starts_as_root or "chaoskit.sandbox.infra_container" in service["entrypoint"], f"{name} stays root"


def test_the_image_runs_as_an_ordinary_user() -> None:
    assert f"USER {USER}:{USER}" in (DOCKER / "Dockerfile").read_text()
    assert infra_container.USER == USER


@pytest.mark.parametrize("path", sorted((DOCKER / "game-days").glob("*.yaml")), ids=lambda path: path.stem)
def test_game_days_name_clients_that_are_services(path: Path, compose: dict[str, Any]) -> None:
    experiment = load(path)
    assert set(experiment.spec.clients) <= set(compose["services"])


def test_the_engine_makes_no_missing_folder_of_results(compose: dict[str, Any]) -> None:
    """It would be root's. The default is in the repository, so that it is whose the clone is."""
    (results,) = [one for one in compose["services"]["game-day"]["volumes"] if isinstance(one, dict)]
    assert results == {
        "type": "bind", "source": "${CHAOSKIT_RUNS:-../runs}", "target": "/runs", "bind": {"create_host_path": False}
    }  # fmt: skip
    assert (ROOT / "runs" / ".gitignore").read_text().splitlines()[-2:] == ["*", "!.gitignore"]
    assert compose["services"]["game-day"]["environment"]["CHAOSKIT_RUNS_ON_HOST"] == "${CHAOSKIT_RUNS:-runs}"


ADVICE = [*(ROOT / "docs").rglob("*.md"), *DOCKER.rglob("*"), ROOT / "README.md", *(ROOT / "chaoskit").rglob("*.py")]
REMOVING = re.compile(r"[^`$\n]*(?:\bdown\b[^`\n]*(?:-v\b|--volumes)|--remove-orphans|\bprune\b)[^`\n]*")
WARNED = "docker compose down --volumes"
"""What docs/your-own-stack.md says not to do."""


def test_no_advice_removes_what_chaoskit_did_not_make(compose: dict[str, Any]) -> None:
    """``down --volumes`` deletes every volume of a project: it may be said of docker/compose.yaml alone, whose volumes are its own."""
    lines = [
        line
        for path in ADVICE
        if path.is_file() and "__pycache__" not in path.parts
        for line in REMOVING.findall(path.read_text())
    ]
    told = [line for line in lines if WARNED not in line]
    assert told, "docs/game-day.md has one"
    assert not [line for line in told if "-f docker/compose.yaml down --volumes" not in line or "orphans" in line]
    assert all(volume["labels"] == {"chaoskit.run": "compose"} for volume in compose["volumes"].values())


def test_the_runbook_names_services_that_are_there(compose: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "game-day.md").read_text()
    (kept_up,) = re.findall(r"up -d --wait ([^\n]*)", page)
    without_profile = {name for name, service in compose["services"].items() if "profiles" not in service}
    assert set(kept_up.split()) == without_profile - {"game-day"}
    assert {"game-day"} == set(re.findall(r"(?:run --rm --no-deps --use-aliases|compose.yaml stop) ([a-z-]+)", page))
    assert load(ROOT / "docker" / "game-days" / "boto3.yaml", 1.0)


def test_whatever_stops_the_game_day_keeps_its_evidence(compose: dict[str, Any]) -> None:
    """``--exit-code-from`` stops all when one container dies: on SIGTERM the run would keep nothing of that."""
    assert compose["services"]["game-day"]["stop_signal"] == ABORT.name
