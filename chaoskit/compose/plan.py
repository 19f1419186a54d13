"""Who gets which address in the overlay's network, and what the container of ours is told. Pure data, with its JSON form.

Our container has several addresses in the lower half of one internal network: one of its own, one for each address of a mock AWS service
(so a toxic meets one service only), and a resolver for each service under test (so the address that was asked tells who asks). Other
containers get theirs from the upper half, which is the network's ``ip_range``.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaoskit.compose.project import Project
from chaoskit.errors import InputError

SUBNET = "172.31.253.0/24"
OWN, FIRST = 2, 3
SOCKETS = Path("/run/chaoskit-host")
"""Where our container finds ``OverlayPlan.sockets``."""
WIDEST = 16
"""Prefix length of the widest network that may be asked for: 32,765 addresses of ours fit in its half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayPlan:
    """What the container of ours is told.

    ``own`` is its own address, ``resolvers`` the one that each compose service asks, ``addresses`` maps a loopback address of the
    experiment to the one that stands for it here, ``probes`` are URLs by service. ``experiment`` None: honest answers, and faults by
    hand. ``resolver`` has what resolv.conf of the services says beside the name server, by Compose's keys; ``sockets`` is the folder of
    this machine with the sockets of relays to its programs.
    """

    source: str
    subnet: str
    own: str
    resolvers: Mapping[str, str]
    addresses: Mapping[str, str]
    experiment: dict[str, Any] | None = None
    probes: Mapping[str, str] | None = None
    region: str = "us-east-1"
    resolver: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sockets: str | None = None

    def to_json(self) -> str:
        """For the container's configuration."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__}, separators=(",", ":"), default=dict)

    @classmethod
    def from_json(cls, text: str) -> OverlayPlan:
        """The plan of ``to_json``."""
        return cls(**json.loads(text))


def lay_out(
    source: str, services: Sequence[str], loopback: Sequence[str], subnet: str = SUBNET, region: str = "us-east-1"
) -> OverlayPlan:
    """Addresses for these compose services and these loopback addresses of mock services. Raises ``InputError`` when they do not fit."""
    network = private_network(subnet)
    room = network.num_addresses // 2 - FIRST
    if (needed := len(services) + len(loopback)) > room:
        wide = next(length for length in range(24, 0, -1) if (1 << (31 - length)) - FIRST >= needed)
        raise InputError(
            f"{len(services)} services and {len(loopback)} addresses of mock services: {room} of both fit in {network}; give a network "
            f"that is wide enough (--subnet 172.30.0.0/{wide}), or choose some services with --service"
        )
    first_resolver = FIRST + len(loopback)
    return OverlayPlan(
        source=source,
        subnet=str(network),
        own=str(network[OWN]),
        resolvers={name: str(network[first_resolver + number]) for number, name in enumerate(services)},
        addresses={address: str(network[FIRST + number]) for number, address in enumerate(loopback)},
        region=region,
    )


def dynamic_range(subnet: str) -> str:
    """The half of the subnet out of which Docker gives addresses to other containers."""
    return str(list(private_network(subnet).subnets(1))[1])


def check_subnets(project: Project, subnet: str) -> None:
    """That no network of the project asks for addresses of ``subnet``, so that Docker can make both. Raises ``InputError``."""
    ours = private_network(subnet)
    for name, theirs in project.subnets.items():
        for pool in theirs:
            try:
                clashes = ipaddress.IPv4Network(pool, strict=False).overlaps(ours)
            except ValueError:  # IPv6, or a variable that only Compose can fill in
                continue
            if clashes:
                raise InputError(
                    f"--subnet {ours}: network {name} of {project.source} is {pool}; name another private network that is free here"
                )


def private_network(subnet: str) -> ipaddress.IPv4Network:
    """The network of ``--subnet``. Raises ``InputError``."""
    try:
        network = ipaddress.IPv4Network(subnet)
    except ValueError as error:
        raise InputError(f"--subnet {subnet}: {error}; write one like {SUBNET}") from error
    if not WIDEST <= network.prefixlen <= 24 or not network.is_private:
        raise InputError(f"--subnet {subnet}: a private network of /{WIDEST} to /24 is needed, like {SUBNET}")
    return network
