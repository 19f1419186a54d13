"""A Docker that is only told what there is: containers of project ``shop``, networks, and what Compose would say of the files."""

from __future__ import annotations

import json
from typing import Any

from chaoskit.compose.engine import Docker
from chaoskit.compose.overlay import TOOK_LABEL
from chaoskit.compose.running import HASH, IMAGE_ID, ONE_OFF, PROJECT, SERVICE
from chaoskit.errors import HarnessError


def container(
    service: str, number: int = 1, *, status: str = "running", health: str = "", **more: Any
) -> dict[str, Any]:
    """``docker inspect`` of one; ``more`` are ``labels``, ``host`` (HostConfig), ``networks``, ``env`` and ``links``."""
    labels = {PROJECT: "shop", SERVICE: service, ONE_OFF: "False", HASH: f"hash-{service}", IMAGE_ID: "sha256:1"}
    labels |= {
        "com.docker.compose.project.config_files": "/srv/a.yaml",
        "com.docker.compose.project.working_dir": "/srv",
    }
    state = {"Running": status in ("running", "restarting", "paused"), "Status": status}
    return {
        "Id": f"id-{service}-{number}",
        "Name": f"/shop-{service}-{number}",
        "State": state | ({"Health": {"Status": health}} if health else {}),
        "Config": {"Labels": labels | more.get("labels", {}), "Image": "shop:1", "Env": more.get("env", [])},
        "HostConfig": more.get("host", {"NetworkMode": "shop_default"}),
        "NetworkSettings": {"Networks": {name: {} for name in more.get("networks", ["shop_default"])}},
    }


class Engine(Docker):
    """``services`` are what ``config`` gives; ``asked`` is every command that changes something; ``fails`` the words of one that fails."""

    def __init__(
        self, *containers: dict[str, Any], services: dict[str, Any] | None = None, subnets: tuple[str, ...] = ()
    ) -> None:
        self.containers = list(containers)
        self.services = services or {one["Config"]["Labels"][SERVICE]: {} for one in containers}
        self.subnets = subnets
        self.hashes = {name: f"hash-{name}" for name in self.services}
        self.asked: list[str] = []
        self.fails = ""

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        words = " ".join(arguments)
        if self.fails and self.fails in words:
            raise HarnessError(f"docker {self.fails}: the engine says no")
        match arguments:
            case ("ps", *_):
                wanted = [label.removeprefix("label=") for label in arguments if label.startswith("label=")]
                found = [one for one in self.containers if "--all" in arguments or one["State"]["Running"]]
                return "".join(f"{one['Id']}\n" for one in found if all(_has(one, label) for label in wanted))
            case ("network" | "volume", "ls", *_):
                return "" if "--filter" in arguments else "".join(f"{one}\n" for one in self.subnets)
            case ("image", "inspect", *_):
                return "sha256:1\n"
            case (*_, "--hash", _):
                return "".join(f"{name} {value}\n" for name, value in self.hashes.items())
            case ("compose", *_) if "config" in arguments:
                return json.dumps({"name": "shop", "services": self.services})
        self.asked.append(words)
        return ""

    def inspect(self, *names: str, kind: str = "container") -> list[dict[str, Any]]:
        if kind == "network":
            return [{"Name": "theirs", "IPAM": {"Config": [{"Subnet": one}]}} for one in names]
        return [one for one in self.containers if one["Id"] in names]


def ours(**labels: str) -> dict[str, Any]:
    """Our container in the project."""
    return container("chaoskit", labels={TOOK_LABEL: "shop", **labels}, networks=["shop_chaoskit"])


def _has(one: dict[str, Any], label: str) -> bool:
    name, equals, value = label.partition("=")
    found = one["Config"]["Labels"].get(name)
    return found == value if equals else found is not None
