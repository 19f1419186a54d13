"""What faults that change addresses share. No kind of fault, hence the underscore."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import replace

from chaoskit.dns.message import Answer, Record
from chaoskit.dns.names import canonical

ADDRESS_TYPES = ("A", "AAAA")
OWN_TTL_S = 5
"""Of an address that stands where there was none to take the TTL from."""


def read_addresses(written: str | Iterable[str]) -> tuple[str, ...]:
    """One address or several, in their shortest form. Raises ``ValueError`` for what is none."""
    found = (written,) if isinstance(written, str) else tuple(written)
    if scoped := next((address for address in found if "%" in address), None):
        raise ValueError(f"{scoped} has a zone (%…), which means something on one machine only (RFC 4007 §11.2)")
    return tuple(str(ipaddress.ip_address(address)) for address in found)


def family(addresses: Iterable[str], rtype: str) -> tuple[str, ...]:
    """Those that a record of this type can hold."""
    return tuple(address for address in addresses if (":" in address) == (rtype == "AAAA"))


def with_addresses(answer: Answer, name: str, rtype: str, addresses: tuple[str, ...]) -> Answer:
    """The answer with ``addresses`` in place of its own, at the end of its chain of CNAMEs, under the TTL that those had."""
    chain = tuple(record for record in answer.records if record.rtype == "CNAME")
    old = next((record for record in answer.records if record.rtype == rtype), None)
    owner = old.name if old else canonical(chain[-1].data) if chain else name
    ttl = old.ttl if old else OWN_TTL_S
    records = tuple(Record(owner, rtype, ttl, address) for address in addresses)
    return replace(answer, rcode="NOERROR", records=(*chain, *records), authority=(), additional=(), aa=True)
