"""``address``: a wrong address. The lookup succeeds, and what fails is the connection: at another time, with another error.

The presets say what a TCP connection to the address meets. Where nothing but loopback is to be reached (the namespace sandbox),
they are chosen so that no packet leaves the machine:

- ``refused``: 127.255.255.253 and ::ffff:127.255.255.253, loopback addresses where nobody listens: ``ECONNREFUSED`` at once.
  (IPv6 has a single loopback address, so the IPv6 one is an IPv4 address in IPv6's clothes, RFC 4291 §2.5.5.2.)
- ``unreachable``: 233.252.0.1 and ff0e::db8:0:1, multicast addresses of the documentation (RFC 6676). Linux refuses a TCP
  connection to any multicast address with ``ENETUNREACH`` at once, whatever the routes.
- ``black_hole``: 192.0.2.1 and 2001:db8::1, addresses of the documentation (RFC 5737, RFC 3849): a connection hangs until it times
  out. The namespace sandbox routes the IPv4 ones to its loopback, where packets to them vanish; its clients reach an IPv6 one as little
  as an ``unreachable`` one, and go on to the IPv4 one. Without a sandbox it takes a route that leads out.
- ``random``: an address of 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 or 2001:db8::/32, drawn anew for each query; otherwise as
  ``black_hole``.
"""

from __future__ import annotations

import ipaddress
import random
from dataclasses import dataclass
from typing import ClassVar, Literal

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.faults._addresses import ADDRESS_TYPES, family, read_addresses, with_addresses
from chaoskit.dns.message import Answer, Query, Reply

PRESETS = {
    "refused": ("127.255.255.253", "::ffff:127.255.255.253"),
    "unreachable": ("233.252.0.1", "ff0e::db8:0:1"),
    "black_hole": ("192.0.2.1", "2001:db8::1"),
}
TEST_NETS = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")


@dataclass(frozen=True, slots=True)
class Address(DnsFault):
    """``to`` is one address or several, or ``preset`` a meaning. Queries for A get the IPv4 ones, queries for AAAA the IPv6 ones.

    A type for which ``to`` has no address is left alone; other types too.
    """

    EXAMPLE: ClassVar[str] = "{address: {to: 127.0.0.99}}"

    to: str | tuple[str, ...] = ()
    preset: Literal["refused", "unreachable", "black_hole", "random"] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "to", read_addresses(self.to))
        if bool(self.to) == (self.preset is not None):
            raise ValueError("write either 'to', with an address or several, or 'preset'")
        if self.preset not in (None, "random", *PRESETS):
            raise ValueError(f"there is no preset {self.preset!r}; known: {', '.join(PRESETS)}, random")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer) or query.rtype not in ADDRESS_TYPES:
            return reply
        addresses = family(self._addresses(query.rtype, rng), query.rtype)
        return with_addresses(reply, query.name, query.rtype, addresses) if addresses else reply

    def _addresses(self, rtype: str, rng: random.Random) -> tuple[str, ...]:
        if self.preset == "random" and rtype == "A":
            return (str(ipaddress.IPv4Network(rng.choice(TEST_NETS))[rng.randrange(1, 255)]),)
        if self.preset == "random":
            return (str(ipaddress.IPv6Address("2001:db8::") + rng.randrange(1, 1 << 96)),)
        return PRESETS[self.preset] if self.preset else tuple(self.to)
