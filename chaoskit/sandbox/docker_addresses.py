"""Loopback addresses of an experiment, as addresses of a network of the run's own: in a container loopback is its own alone."""

from __future__ import annotations

import ipaddress
from typing import Any

from chaoskit.errors import SandboxError

CANARY = "127.0.0.1"
"""Where the canary name leads: nobody connects to it."""


class Addresses:
    """Gives out addresses of the ``half`` of a network (``ADDRESS/PREFIX``), one for each name, the same whenever asked."""

    def __init__(self, subnet: str, half: str) -> None:
        self.subnet = subnet
        self._half = ipaddress.ip_interface(half).network
        self._given: dict[str, str] = {}

    def reserve(self, what: str, address: str) -> None:
        """Let ``address`` stand for ``what``."""
        self._given[what] = address

    def of(self, what: str) -> str:
        """The address that stands for ``what``. Raises ``SandboxError`` when there are no more."""
        if what not in self._given:
            taken = set(self._given.values())
            free = (str(host) for host in self._half.hosts() if str(host) not in taken)
            address = next(free, None)
            if address is None:
                raise SandboxError(f"the network {self.subnet} is too small for this experiment's addresses")
            self._given[what] = address
        return self._given[what]

    def adapt(self, name: str, plan: dict[str, Any]) -> dict[str, Any]:
        """The plan of the process ``name``, with these addresses in it."""
        if name == "network":
            return plan | {"within": [self.subnet]}
        if name != "dns":
            return plan
        zones = [zone | {"records": [self._record(record) for record in zone["records"]]} for zone in plan["zones"]]
        injections = _replaced(plan["injections"], self._given)
        return plan | {"zones": zones, "injections": injections, "allow": [self.subnet]}

    def _record(self, record: dict[str, Any]) -> dict[str, Any]:
        if record["rtype"] != "A" or record["data"] == CANARY:
            return record
        return record | {"data": self.of(record["data"])}


def upper_half(subnet: str) -> str:
    """The half of a network from which the engine hands out no addresses as long as there are few containers."""
    _, upper = ipaddress.ip_network(subnet).subnets(prefixlen_diff=1)
    return f"{upper[1]}/{upper.prefixlen}"


def _replaced(plain: Any, addresses: dict[str, str]) -> Any:
    """``plain`` with every text that is a key of ``addresses`` replaced."""
    if isinstance(plain, dict):
        return {key: _replaced(value, addresses) for key, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [_replaced(value, addresses) for value in plain]
    return addresses.get(plain, plain) if isinstance(plain, str) else plain
