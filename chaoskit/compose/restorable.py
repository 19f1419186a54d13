"""What must hold of running services so that they can be put back as they were; looked at before anything is touched."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaoskit.compose.engine import EVERY_PROFILE, Docker, is_json
from chaoskit.compose.overlay import NAME, TOOK_LABEL
from chaoskit.compose.running import HASH, IMAGE_ID, Running, labels_of, state_of
from chaoskit.errors import HarnessError, InputError

SHARED = {"NetworkMode": "network", "IpcMode": "IPC", "PidMode": "process"}
"""The namespaces of another container that one may have, as ``docker inspect`` and people call them."""

STATES = ("unhealthy", "restarting", "paused")


def check(docker: Docker, running: Running, subnet: str) -> None:
    """That the services of ``running.origin.scale`` can be put back, and our network made. Raises ``InputError`` with all that is wrong."""
    wrong = [
        *_ill(running),
        *_joined(running),
        *_sidecars(docker, running),
        *_changed(docker, running),
        *_taken(docker, subnet),
        *_named_as_ours(docker, running.origin.project),
    ]
    if wrong:
        raise InputError("\n".join(wrong))


def strangers(docker: Docker, running: Running, names: Sequence[str]) -> list[str]:
    """Services whose files would now give another container than the one that is there: they could not be put back as they were.

    ``up`` hashes a service with its ``env_file`` read, which ``config --hash`` leaves unread (Compose 2.26). So the project is hashed as
    it is written and as ``config`` resolves it: of files that have not changed, one is what stands on the container. An image that was
    built or pulled anew since makes another container too. What ``config`` can only print as YAML (``build.ssh``) Compose 2.26 does not
    read again, so such a project is hashed as it is written.
    """
    if not names:
        return []
    options, asked = [*running.origin.options, *EVERY_PROFILE], ("config", "--hash", ",".join(names))
    resolved = docker.config(running.origin.options)
    hashed = docker.compose(options, *asked)
    if is_json(resolved):
        again = ["--project-name", running.origin.project, "--file", "-", *EVERY_PROFILE]
        hashed += docker.compose(again, *asked, stdin=resolved)
    hashes = {tuple(line.split()[:2]) for line in hashed.splitlines()}
    return [name for name in names if any(_differs(docker, name, container, hashes) for container in running.of(name))]


def _differs(docker: Docker, name: str, container: Mapping[str, Any], hashes: set[tuple[str, ...]]) -> bool:
    labels = labels_of(container)
    return (name, labels.get(HASH, "")) not in hashes or (
        IMAGE_ID in labels and labels[IMAGE_ID] != _image(docker, container["Config"]["Image"])
    )


def _is_hashed_by_container(container: Mapping[str, Any]) -> bool:
    """Whether Compose hashes it with the id of another container, which ``config --hash`` does not know."""
    host = container["HostConfig"]
    return bool(host.get("VolumesFrom")) or any((host.get(key) or "").startswith("container:") for key in SHARED)


def _image(docker: Docker, name: str) -> str:
    """The id of the image that this name has now; empty where there is none."""
    try:
        return docker.run("image", "inspect", "--format", "{{.Id}}", name).strip()
    except HarnessError:
        return ""


def _ill(running: Running) -> Iterator[str]:
    for name in running.origin.scale:
        for state in sorted({state_of(container) for container in running.containers[name]} & set(STATES)):
            yield (
                f"{name} is {state}, and would not come back so, or not at all; let it run well first, or leave it out with --service"
            )
        if stopped := len(running.stopped.get(name, ())):
            yield (
                f"{name} has {stopped} stopped container{'s' if stopped > 1 else ''} beside those that run, which would not come back so; "
                f"start or remove what is stopped (docker compose -p {running.origin.project} ps --all), or leave {name} out with --service"
            )


def _joined(running: Running) -> Iterator[str]:
    """Networks that somebody has joined a container to by hand: no file says so, so they would be lost."""
    project = running.project
    for name in running.origin.scale:
        declared = {
            project.called.get(key, f"{running.origin.project}_{key}") for key in project.services[name].networks
        }
        present = {
            network for container in running.containers[name] for network in container["NetworkSettings"]["Networks"]
        }
        if more := sorted(present - declared):
            yield (
                f"{name} has joined {', '.join(more)} by hand (docker network connect), which it would lose when it is made anew; declare "
                f"the network in its files, disconnect it for the day, or leave {name} out with --service"
            )


def _named_as_ours(docker: Docker, project: str) -> Iterator[str]:
    """A volume or network that has the name which ours gets, and is not ours: Compose would take it for ours, and we would write in it."""
    for kind, name in (("volume", f"{project}_{NAME}-trust"), ("network", f"{project}_{NAME}")):
        for present in docker.present(name, kind=kind):
            if present["Name"] == name and TOOK_LABEL not in (present.get("Labels") or {}):
                yield f"there is a {kind} {name} already, which ours would be called; rename or remove it if nobody needs it"


def _sidecars(docker: Docker, running: Running) -> Iterator[str]:
    """Containers, of this project or not, that live in a namespace of one that would be made anew, and would be left in a dead one."""
    chosen = {container["Id"]: name for name in running.origin.scale for container in running.containers[name]}
    for other in docker.present(*docker.lines("ps", "--quiet")):
        if other["Id"] in chosen:
            continue
        for key, namespace in SHARED.items():
            mode, _, target = (other["HostConfig"].get(key) or "").partition(":")
            if mode == "container" and target in chosen:
                yield (
                    f"{other['Name'].removeprefix('/')} is in the {namespace} namespace of {chosen[target]}, which it would lose when "
                    f"{chosen[target]} is made anew; stop it first, or leave {chosen[target]} out with --service"
                )


def _changed(docker: Docker, running: Running) -> Iterator[str]:
    origin = running.origin
    known = [
        name for name in origin.beside if not any(_is_hashed_by_container(container) for container in running.of(name))
    ]
    for name in strangers(docker, running, [*origin.scale, *known]):
        needed = "" if name in origin.scale else f" (which {', '.join(origin.scale)} depends on)"
        yield (
            f"{name}{needed} runs with other settings than its files give now (a changed file or image, variables of the shell that "
            "brought it up, or volumes_from, ipc or pid of another service, which cannot be compared), so it could not be put back as it "
            "is; bring it up anew, or leave it out with --service"
        )


def _taken(docker: Docker, subnet: str) -> Iterator[str]:
    ours = ipaddress.ip_network(subnet)
    for network in docker.present(*docker.lines("network", "ls", "--quiet"), kind="network"):
        for pool in (network.get("IPAM") or {}).get("Config") or ():
            theirs = ipaddress.ip_network(pool["Subnet"], strict=False)
            if theirs.version == ours.version and theirs.overlaps(ours):
                yield f"--subnet {subnet}: the network {network['Name']} has {theirs} already; name another private network"
