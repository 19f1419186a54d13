"""From a compose file to an override beside it: read, warn, lay out, write, check."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaoskit.aws.endpoints import host_name
from chaoskit.aws.services import SERVICES
from chaoskit.compose.bypasses import Bypass, find_bypasses
from chaoskit.compose.engine import Docker, has_compose, read_config
from chaoskit.compose.overlay import NAME, OVERLAY_LABEL, eligible, make_override, write_override
from chaoskit.compose.plan import SUBNET, lay_out
from chaoskit.compose.project import Project, from_plain, read_file
from chaoskit.errors import HarnessError, InputError
from chaoskit.experiment.document import Document
from chaoskit.experiment.own_plans import own_addresses
from chaoskit.experiment.plans import RESERVED, services_of
from chaoskit.experiment.schema import ExperimentSpec, Label

LOOKED_FOR = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
"""Files that Compose finds by itself, in its order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An override: its text, who is under it, what could bypass it, and whether ``docker compose config`` has passed it.

    ``taking_away`` are the commands that undo it.
    """

    text: str
    chosen: tuple[str, ...]
    bypasses: tuple[Bypass, ...]
    checked: bool
    taking_away: tuple[str, ...]


def with_override(files: Sequence[Path]) -> tuple[list[Path], Path | None]:
    """These files with the override that ``docker compose up`` would read beside a single one; second, one that is not read here.

    Only Compose can put two files together.
    """
    if len(files) != 1 or files[0].name not in LOOKED_FOR:
        return list(files), None
    override = next((path for name in OVERRIDES if (path := files[0].with_name(name)).exists()), None)
    if override is None or has_compose():
        return [*files, *([override] if override else ())], None
    return list(files), override


def read_projects(files: Sequence[Path]) -> Project:
    """The project of these files: as Compose itself puts them together, or, without Compose, as the one file is written."""
    written = [read_file(path) for path in files]  # its errors name a line
    if has_compose():
        try:
            plain = read_config(Docker().config(_named(files)))
        except HarnessError as error:
            raise InputError(f"{files[0]}: docker compose does not take it: {error}") from error
        return from_plain(plain, str(files[0]))
    if len(files) > 1:
        names = " and ".join(map(str, files))
        raise InputError(
            f"{names} need docker compose to put them together, which is not here; give one that stands alone"
        )
    if not written[0].services:
        raise InputError(
            f"{files[0]}: its services are in files that it includes, which needs docker compose, and that is not here; give the file "
            "that has them"
        )
    return written[0]


def loopback_of(spec: ExperimentSpec) -> list[str]:
    """The IPv4 loopback addresses of an experiment's services, for which the overlay has others."""
    places = [*services_of(spec).values(), *own_addresses(spec).values()]
    return list(dict.fromkeys(address for addresses in places for address in addresses if ":" not in address))


def as_containers(document: Document, services: Sequence[str], more: Sequence[dict[str, Any]] = ()) -> Document:
    """An experiment with these services of theirs in place of its clients, and ``more`` in its timeline; lines stay where they are.

    Raises ``InputError`` for a service whose name no client may have.
    """
    for name in services:
        _check_label(name)
    data = dict(document.data)
    data["timeline"] = [*(data.get("timeline") or ()), *more]
    asked = next((name for name in data.get("services") or () if name in SERVICES), "dynamodb")
    data["clients"] = {name: {"use": "container", "service": asked} for name in services}
    return Document(document.path, data, document.lines)


def _check_label(name: str) -> None:
    from pydantic import TypeAdapter, ValidationError

    refused = f"service {name!r} of the project cannot be a client's name here"
    if name in RESERVED:
        raise InputError(f"{refused}: {', '.join(RESERVED)} are chaoskit's own; leave it out with --service")
    try:
        TypeAdapter(Label).validate_python(name)
    except ValidationError as error:
        raise InputError(
            f"{refused}: such a name begins with a letter, then has letters, digits, - and _, and is at most 40 long; leave it out with "
            "--service"
        ) from error


def every_service(region: str) -> ExperimentSpec:
    """All mock services and no faults: what an overlay offers that is driven by hand. Raises ``InputError`` for what is no region."""
    from pydantic import ValidationError

    services: dict[str, Any] = {name: {} for name in SERVICES}
    try:
        return ExperimentSpec.model_validate({"title": "by hand", "region": region, "services": services})
    except ValidationError as error:
        raise InputError(f"--region {region}: this is no region of AWS; write one like us-east-1") from error


def overlay_by_hand(
    files: Sequence[Path],
    services: Sequence[str],
    image: str,
    out: Path,
    subnet: str = SUBNET,
    region: str = "us-east-1",
) -> Written:
    """An override with which faults are put on by hand (``chaoskit inject``). Nothing is written. Raises ``InputError``."""
    project = read_projects(files)
    chosen = eligible(project, services)
    spec = every_service(region)
    plan = lay_out(str(files[0]), chosen, loopback_of(spec), subnet, region)
    names = [host_name(service, region) for service in services_of(spec)]
    mark = hashlib.sha256(str(out.resolve()).encode()).hexdigest()[:12]
    both = shlex.join(_named([*files, out]))
    head = [
        f"Puts {', '.join(chosen)} of {' and '.join(path.name for path in files)} under chaoskit: its DNS, its mock AWS, fake credentials.",
        "Written by chaoskit compose overlay; no other file is changed. To bring it up, put a fault on, and take chaoskit away again (what",
        "is removed is chaoskit's own, by its label; your volumes stay):",
        "",
        f"  docker compose {both} up -d",
        f"  docker compose {both} exec {NAME} python3 -m chaoskit inject empty {names[0]} --for 30s",
        *(f"  {command}" for command in taking_away(files, mark)),
    ]
    override = make_override(project, chosen, plan, image, {OVERLAY_LABEL: mark})
    # No volume that is there already is taken for ours, and written in.
    override["volumes"][f"{NAME}-trust"]["name"] = f"${{COMPOSE_PROJECT_NAME}}_{NAME}-trust-{mark}"
    text = write_override(override, head)
    left_out = [name for name in project.services if project.services[name].fixed_network and name not in chosen]
    bypasses = find_bypasses(project, [*chosen, *(left_out if not services else ())], region, names)
    return Written(
        text=text,
        chosen=tuple(chosen),
        bypasses=tuple(bypasses),
        checked=False,
        taking_away=tuple(taking_away(files, mark)),
    )


def taking_away(files: Sequence[Path], mark: str) -> Iterator[str]:
    """Commands that bring their services up as they were, then remove what the overlay ``mark`` has brought up, and nothing else."""
    yield f"docker compose {shlex.join(_named(files))} up -d"
    labelled = f"--quiet --filter label={OVERLAY_LABEL}={mark}"
    yield f"docker rm --force $(docker ps --all {labelled})"
    for kind in ("network", "volume"):
        yield f"docker {kind} rm $(docker {kind} ls {labelled})"


def check_merged(files: Sequence[Path], override: Path, chosen: Sequence[str]) -> bool:
    """Have Compose merge the files and look at what came out; False where there is no Compose. Raises ``HarnessError``."""
    if not has_compose():
        return False
    try:
        merged = read_config(Docker().config(_named([*files, override])))
    except HarnessError as error:
        raise HarnessError(
            f"docker compose does not take the override: {error}\nIt needs Compose 2.24.4 or newer (!override)."
        ) from error
    services = merged["services"]
    resolver = {name: services[name].get("dns") for name in chosen}
    if wrong := [name for name, dns in resolver.items() if len(dns or ()) != 1]:
        raise HarnessError(f"after merging, {', '.join(wrong)} would have other resolvers than chaoskit's: {resolver}")
    return True


def _named(files: Sequence[Path]) -> list[str]:
    return [word for path in files for word in ("-f", str(path))]
