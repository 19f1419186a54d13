"""From a running container to what ``walk`` needs of it: Docker's record, three files, the program's header, the helper's questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chaoskit.compose.engine import Docker, engine_version
from chaoskit.compose.helper import probe
from chaoskit.compose.libc import GLIBC_PLACES, LibcFound, glibc_version, interpreter, is_elf, musl_version, of_static
from chaoskit.compose.probe import Question
from chaoskit.compose.walk import Container, Step, walk
from chaoskit.dns.names import DEFAULT_CANARY
from chaoskit.errors import HarnessError, InputError


def examine(docker: Docker, image: Callable[[], str], name: str, names: Sequence[str]) -> list[Step]:
    """Walk the way of ``names`` in the container ``name``. Raises ``InputError`` where no such container runs.

    ``image`` gives the image of the helper container, which may have to be built: it is asked for when all else is known.
    """
    try:
        (record,) = docker.inspect(name)
    except HarnessError as error:
        raise InputError(f"there is no container {name!r}: {error}") from error
    if not record["State"]["Running"]:
        raise InputError(f"container {name!r} does not run; start it first")
    container = read(docker, record)
    asked = [name_asked.lower().rstrip(".") for name_asked in names]
    servers = dict.fromkeys([*container.nameservers(), *container.dns])
    findings = probe(docker, image(), f"container:{record['Id']}", Question((*asked, DEFAULT_CANARY), tuple(servers)))
    return walk(container, findings, asked, DEFAULT_CANARY)


def read(docker: Docker, record: Mapping[str, Any]) -> Container:
    """What matters of a container; nothing is run in it."""
    name, host = record["Id"], record["HostConfig"]

    def text(path: str) -> str | None:
        data = docker.read(name, path)
        return None if data is None else data.decode(errors="replace")

    variables = dict(line.partition("=")[::2] for line in record["Config"]["Env"] or ())
    program = " ".join([record["Path"], *record["Args"][:1]])
    return Container(
        name=record["Name"].removeprefix("/"),
        network_mode=host["NetworkMode"],
        dns=tuple(host["Dns"] or ()),
        environment=frozenset(variable for variable, value in variables.items() if value),
        program=program,
        libc=find_libc(docker, name, record["Path"], variables.get("PATH", "/usr/bin:/bin")),
        resolv=text("/etc/resolv.conf") or "",
        hosts=text("/etc/hosts") or "",
        nsswitch=text("/etc/nsswitch.conf"),
        aliases=aliases(docker, record),
        engine=engine_version(docker),
    )


def find_libc(docker: Docker, container: str, program: str, path: str) -> LibcFound:
    """The libc of a container's program: by its loader, else, for a script or what cannot be read, by what lies there."""
    places = [program] if program.startswith("/") else [f"{folder}/{program}" for folder in path.split(":") if folder]
    for place in places:
        data = docker.read(container, place)
        if data is None:
            continue
        if not is_elf(data):
            break
        loader = interpreter(data)
        return of_static(data) if loader is None else _of_loader(docker, container, loader)
    for machine in ("x86_64", "aarch64"):
        if (musl := docker.read(container, f"/lib/ld-musl-{machine}.so.1")) is not None:
            return LibcFound("musl", musl_version(musl))
    return _glibc(docker, container) or LibcFound("unknown")


def _of_loader(docker: Docker, container: str, loader: str) -> LibcFound:
    if "musl" in loader:
        return LibcFound("musl", musl_version(docker.read(container, loader) or b""))
    return _glibc(docker, container) or LibcFound("glibc" if "ld-linux" in loader else "unknown")


def _glibc(docker: Docker, container: str) -> LibcFound | None:
    for place in GLIBC_PLACES:
        if (data := docker.read(container, place)) is not None:
            return LibcFound("glibc", glibc_version(data))
    return None


def aliases(docker: Docker, record: Mapping[str, Any]) -> dict[str, str]:
    """Every name that Docker answers itself in this container's networks, with the container that has it."""
    container_of: dict[str, str] = {}
    for network, own in record["NetworkSettings"]["Networks"].items():
        for link in own.get("Links") or ():
            container, _, alias = str(link).rpartition(":")
            container_of[alias.lower()] = container
        others = docker.lines("ps", "--quiet", "--filter", f"network={network}")
        for other in docker.present(*others):
            member = other["NetworkSettings"]["Networks"].get(network) or {}
            for alias in (*(member.get("Aliases") or ()), *(member.get("DNSNames") or ())):
                container_of[str(alias).lower()] = other["Name"].removeprefix("/")
    return container_of
