"""Who gets which address in the overlay's network, and what the container of ours is told. Pure data, with its JSON form.

Our container has several addresses in one internal network: one of its own, a resolver for each service under test (so the address
that was asked tells who asks), and one for each address of a mock AWS service (so a toxic meets one service only). Other
containers get theirs from the upper half, which is the network's ``ip_range``.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaoskit.errors import InputError

SUBNET = "172.31.253.0/24"
SERVICES_MAX = 30
OWN, FIRST_RESOLVER, FIRST_SERVICE, FIRST_DYNAMIC = 2, 10, 40, 128


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayPlan:
    """What the container of ours is told.

    ``own`` is its own address, ``resolvers`` the one that each compose service asks, ``addresses`` maps a loopback address of the
    experiment to the one that stands for it here, ``probes`` are URLs by service. ``experiment`` None: honest answers, and faults by
    hand.
    """

    source: str
    subnet: str
    own: str
    resolvers: Mapping[str, str]
    addresses: Mapping[str, str]
    experiment: dict[str, Any] | None = None
    probes: Mapping[str, str] | None = None
    region: str = "us-east-1"

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
    network = _network(subnet)
    if len(services) > SERVICES_MAX:
        raise InputError(f"{len(services)} services: at most {SERVICES_MAX} fit; choose some with --service")
    if len(loopback) > FIRST_DYNAMIC - FIRST_SERVICE:
        most = FIRST_DYNAMIC - FIRST_SERVICE
        raise InputError(
            f"{len(loopback)} addresses of mock services: at most {most} fit; ask for fewer zones or addresses"
        )
    return OverlayPlan(
        source=source,
        subnet=str(network),
        own=str(network[OWN]),
        resolvers={name: str(network[FIRST_RESOLVER + number]) for number, name in enumerate(services)},
        addresses={address: str(network[FIRST_SERVICE + number]) for number, address in enumerate(loopback)},
        region=region,
    )


def dynamic_range(subnet: str) -> str:
    """The half of the subnet out of which Docker gives addresses to other containers."""
    return str(list(_network(subnet).subnets(1))[1])


def _network(subnet: str) -> ipaddress.IPv4Network:
    try:
        network = ipaddress.IPv4Network(subnet)
    except ValueError as error:
        raise InputError(f"--subnet {subnet}: {error}; write one like {SUBNET}") from error
    if network.prefixlen != 24 or not network.is_private:
        raise InputError(f"--subnet {subnet}: a private /24 is needed, like {SUBNET}")
    return network
