"""Somebody's compose project, as far as it matters to what its services resolve and whom they trust. Read, never written.

The forms are those of the Compose specification (https://github.com/compose-spec/compose-spec/blob/main/05-services.md): nearly everything
may be a list or a mapping. Of environment variables only a region's value is kept, so no other can be printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from chaoskit.errors import ExperimentError, InputError, Problem
from chaoskit.experiment.document import read_text

DEFAULT_NETWORK = "default"
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
STARTED, HEALTHY = "service_started", "service_healthy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service. ``networks`` maps each network to the names that Docker itself answers for this service there.

    ``environment`` has the names of its variables, ``unset`` those among them that are empty; ``regions`` are the values of those in
    ``REGIONS``. ``links`` are names that Docker answers for this service alone. ``mounts`` are the paths inside the container of volumes,
    tmpfs, configs and secrets. ``needs`` maps each service that it depends on to Compose's condition.
    """

    name: str
    networks: Mapping[str, tuple[str, ...]]
    network_mode: str = ""
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    environment: frozenset[str] = frozenset()
    unset: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    links: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()
    needs: Mapping[str, str] = field(default_factory=dict)

    @property
    def fixed_network(self) -> bool:
        """Whether it has a ``network_mode``, beside which Compose allows no network of ours, so that it cannot be given a resolver."""
        return bool(self.network_mode)

    def with_environment(self, environment: Mapping[str, str | None]) -> Service:
        """The same service with this environment in place of its own."""
        return replace(
            self,
            environment=frozenset(environment),
            unset=frozenset(variable for variable, value in environment.items() if value == ""),
            regions=frozenset(value for name in REGIONS if (value := environment.get(name)) and "$" not in value),
        )

    def sets(self, variable: str) -> bool:
        """Whether it is given a value for this environment variable."""
        return variable in self.environment and variable not in self.unset


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A compose project: where it was read from, its services by name, and what else it declares, by kind (``networks``, …).

    ``subnets`` maps each of its networks to the subnets that it asks for (``ipam``), ``called`` those with a ``name`` to it: what Docker
    calls them.
    """

    source: str
    name: str
    services: Mapping[str, Service]
    declared: Mapping[str, frozenset[str]] = field(default_factory=dict)
    subnets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)

    def with_needed(self, names: Iterable[str]) -> list[str]:
        """These services and all that they depend on, however far, each after what it depends on."""
        ordered: dict[str, None] = {}

        def visit(name: str, above: tuple[str, ...]) -> None:
            if name in ordered or name in above or name not in self.services:
                return
            for other in self.services[name].needs:
                visit(other, (*above, name))
            ordered[name] = None

        for name in names:
            visit(name, ())
        return list(ordered)


class _Loader(yaml.SafeLoader):
    """YAML with Compose's own tags ``!reset`` and ``!override``, whose values count as if they had none."""


def _any_tag(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.ScalarNode)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _any_tag)


def read_file(path: Path) -> Project:
    """A compose file as it is written: without ``extends``, ``include`` or variables filled in.

    Raises ``InputError`` or ``ExperimentError`` (file and line) for one that is none.
    """
    text = read_text(path, "a compose file")
    try:
        plain = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"not valid YAML: {error.problem or error.context}."
        raise ExperimentError(str(path), [Problem(mark.line + 1 if mark else 0, "", message)]) from error
    return from_plain(plain, str(path))


def from_plain(plain: Any, source: str) -> Project:
    """A project from plain data, as a file or ``docker compose config`` gives it. Raises ``InputError``."""
    services = plain.get("services") if isinstance(plain, dict) else None
    if services is None and isinstance(plain, dict) and plain.get("include"):
        services = {}  # Compose has them from elsewhere
    elif not isinstance(services, dict) or not services:
        raise InputError(f"{source}: there are no services in it; name a compose file")
    for name, written in services.items():
        if not isinstance(written, dict):
            raise InputError(f"{source}: services.{name} is no mapping; is it a compose file?")
    by_name = {str(name): _service(str(name), written) for name, written in services.items()}
    declared = {kind: frozenset(map(str, plain.get(kind) or ())) for kind in ("networks", "volumes", "configs")}
    return Project(
        source=source,
        name=str(plain.get("name") or ""),
        services=by_name,
        declared=declared,
        subnets=_subnets(plain.get("networks")),
        called=_called(plain.get("networks")),
    )


def _subnets(written: Any) -> dict[str, tuple[str, ...]]:
    """Of ``{back: {ipam: {config: [{subnet: 10.0.0.0/24}]}}}``; a subnet with a variable in it is not known."""
    networks = written if isinstance(written, dict) else {}
    pools = {str(name): ((settings or {}).get("ipam") or {}).get("config") or () for name, settings in networks.items()}
    return {name: tuple(str(pool["subnet"]) for pool in many if pool.get("subnet")) for name, many in pools.items()}


def _called(written: Any) -> dict[str, str]:
    """Of ``{back: {name: shop-back}}``."""
    networks = written if isinstance(written, dict) else {}
    return {str(key): str(settings["name"]) for key, settings in networks.items() if (settings or {}).get("name")}


def _service(name: str, written: dict[str, Any]) -> Service:
    links = [*_words(written.get("links")), *_words(written.get("external_links"))]
    service = Service(
        name=name,
        networks=_networks(name, written),
        network_mode=str(written.get("network_mode") or ""),
        dns=_words(written.get("dns")),
        dns_search=_words(written.get("dns_search")),
        extra_hosts=tuple(_pairs(written.get("extra_hosts"), also=":")),
        links=tuple(link.rpartition(":")[2] for link in links),
        mounts=tuple(_mounts(written)),
        needs=_needs(written.get("depends_on")),
    )
    return service.with_environment(_pairs(written.get("environment")))


def _needs(written: Any) -> dict[str, str]:
    """``["db"]`` or ``{"db": {"condition": "service_healthy"}}``; Compose's own ``config`` has links and the like in it too."""
    if not isinstance(written, dict):
        return dict.fromkeys(map(str, written or ()), STARTED)
    return {str(name): str((how or {}).get("condition") or STARTED) for name, how in written.items()}


def _networks(name: str, written: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Each network with the names that Docker answers there: the service's, the container's, and aliases."""
    if written.get("network_mode"):
        return {}
    own = tuple(
        str(name_here) for name_here in (name, written.get("container_name"), written.get("hostname")) if name_here
    )
    given = written.get("networks") or {DEFAULT_NETWORK: None}
    members = dict.fromkeys(map(str, given)) if isinstance(given, list) else given
    return {
        str(network): own + tuple(map(str, (member or {}).get("aliases") or ())) for network, member in members.items()
    }


def _pairs(written: Any, also: str = "=") -> dict[str, str | None]:
    """``{"A": "1"}``, ``["A=1", "B"]`` or, for hosts, ``["name:address"]`` as a mapping; None where there is no value."""
    if isinstance(written, dict):
        return {str(name): None if value is None else str(value) for name, value in written.items()}
    pairs: dict[str, str | None] = {}
    for line in written or ():
        name, equals, value = str(line).partition("=")
        if not equals and also in name:
            name, equals, value = name.partition(also)
        pairs[name] = value if equals else None
    return pairs


def _words(written: Any) -> tuple[str, ...]:
    if written is None:
        return ()
    return tuple(map(str, written)) if isinstance(written, list) else (str(written),)


def _mounts(written: dict[str, Any]) -> Iterator[str]:
    """Every path of the container at which something is mounted."""
    yield from (path for volume in written.get("volumes") or () if (path := _mount(volume)))
    yield from (path.partition(":")[0] for path in _words(written.get("tmpfs")))
    for kind, folder in (("configs", "/"), ("secrets", "/run/secrets/")):
        for file in written.get(kind) or ():
            target = file if isinstance(file, str) else str(file.get("target") or file.get("source") or "")
            yield target if target.startswith("/") else f"{folder}{target}"


def _mount(written: Any) -> str:
    """Where a volume appears in the container: ``source:/target:ro`` or ``{target: /target}``."""
    if isinstance(written, dict):
        return str(written.get("target") or "")
    parts = str(written).split(":")
    return parts[1] if len(parts) > 1 else parts[0]
