"""Who is answered beyond loopback, and how often. Pure: it reads no clock and no socket, and is asked before a message is parsed.

Two dangers of a name server that others can reach: it answers strangers (an open resolver, RFC 5358), and somebody who forges a victim's
address has it shower the victim with answers. So strangers get silence, and each client gets answers at a limited rate over UDP,
where addresses can be forged. Of the queries above the rate one in ``SLIP`` is answered with TC set and nothing else, as BIND's response
rate limiting does ("slip"): a real client then asks over TCP, where an address cannot be forged.
"""

from __future__ import annotations

import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from chaoskit.clock import Instant
from chaoskit.errors import InputError
from chaoskit.units import SECOND

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Verdict: TypeAlias = Literal["answer", "stranger", "limited", "slip"]

SLIP = 2
MAX_CLIENTS = 10_000
"""Clients whose rate is remembered; beyond that the one that was silent for longest is forgotten."""

IPV6_CLIENT = 64
"""One machine has the addresses of a whole /64 to choose from (RFC 4291 §2.5.1), so that is one client."""

SHORTEST_PREFIX = {4: 8, 6: 7}
"""The widest private networks: 10.0.0.0/8 (RFC 1918) and fc00::/7 (RFC 4193). What is wider is everybody's."""


@dataclass(slots=True)
class _Client:
    """``full_at`` is when its bucket is full again (the generic cell rate algorithm, ITU-T I.371); ``limited`` counts what was above."""

    full_at: Instant = 0
    limited: int = 0


class Guard:
    """``rate_per_s`` answers to a client and second, of which a second's worth may come at once."""

    def __init__(self, allow: Iterable[Network], rate_per_s: int = 1_000) -> None:
        self.allow = tuple(allow)
        self._gap_ns = SECOND // rate_per_s
        self.clients: OrderedDict[str, _Client] = OrderedDict()
        self.turned_away: Counter[Verdict] = Counter()

    def admits(self, address: str) -> bool:
        """Whether this client may ask at all. Loopback always may."""
        return _identity(address)[1] or _listed(address, self.allow)

    def verdict(self, address: str, at: Instant) -> Verdict:
        """What becomes of a datagram from ``address`` that came at ``at``; counted if it is not answered."""
        key, local = _identity(address)
        if local:
            return "answer"
        found: Verdict = self._rate(key, at) if _listed(address, self.allow) else "stranger"
        if found != "answer":
            self.turned_away[found] += 1
        return found

    def _rate(self, key: str, at: Instant) -> Verdict:
        client = self.clients.get(key)
        if client is None:
            client = self.clients[key] = _Client()
            if len(self.clients) > MAX_CLIENTS:
                self.clients.popitem(last=False)
        self.clients.move_to_end(key)
        full_at = max(client.full_at, at) + self._gap_ns
        if full_at - at > SECOND:
            client.limited += 1
            return "limited" if client.limited % SLIP else "slip"
        client.full_at = full_at
        return "answer"


def read_networks(written: Iterable[str]) -> tuple[Network, ...]:
    """The networks of ``--allow``. Raises ``InputError``, also for prefixes that are wider than anybody's own network."""
    found: list[Network] = []
    for one in written:
        try:
            network = ipaddress.ip_network(one)
        except ValueError as error:
            raise InputError(f"--allow {one}: {error}; write an address or prefix, such as 192.168.0.0/16") from error
        if network.prefixlen < SHORTEST_PREFIX[network.version]:
            raise InputError(f"--allow {one} is too wide: that is an open resolver (RFC 5358); name your own networks")
        found.append(network)
    return tuple(found)


@lru_cache(maxsize=MAX_CLIENTS)
def _identity(address: str) -> tuple[str, bool]:
    """Which client an address belongs to, and whether it is this machine. IPv4 that arrives at an IPv6 socket is IPv4."""
    found = _plain(address)
    if found.version == 4:
        return str(found), found.is_loopback
    return str(ipaddress.ip_network((int(found), IPV6_CLIENT), strict=False)), found.is_loopback


@lru_cache(maxsize=MAX_CLIENTS)
def _listed(address: str, allow: tuple[Network, ...]) -> bool:
    found = _plain(address)
    return any(found in network for network in allow)


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    found = ipaddress.ip_address(address.partition("%")[0])
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found
