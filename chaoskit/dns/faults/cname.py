"""``cname``: the name becomes an alias: of another name, of one that does not exist, or of itself.

A redirect sends clients elsewhere under the same name, so that TLS fails where plain TCP does not. A dangling alias is what is left when
its target was removed: NXDOMAIN, with the alias in the answer (RFC 6604 §3). A loop never ends; a resolver gives up
after some steps and reports SERVFAIL (RFC 1034 §3.6.2), while a stub resolver, which follows no alias, sees an answer without addresses.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.faults._addresses import OWN_TTL_S
from chaoskit.dns.message import Answer, Query, Record, Reply
from chaoskit.dns.names import as_field, canonical

NOWHERE = "nowhere.invalid"  # RFC 6761 §6.4: never exists


@dataclass(frozen=True, slots=True)
class Cname(DnsFault):
    """``to`` is the target of a redirect. It is looked up in our zones; what is not there is the resolver's to follow.

    ``how``: ``redirect`` (needs ``to``), ``dangling`` (``to`` is the missing name, by default nowhere.invalid), or ``loop`` (``to`` is
    the other name of the circle).
    """

    EXAMPLE: ClassVar[str] = "{cname: {to: other.api.example}}"

    to: str | None = None
    how: Literal["redirect", "dangling", "loop"] = "redirect"

    def __post_init__(self) -> None:
        if self.how not in ("redirect", "dangling", "loop"):
            raise ValueError(f"'how' is redirect, dangling or loop, not {self.how!r}")
        if self.to is None and self.how == "redirect":
            raise ValueError("a redirect needs its target: 'to'")
        if self.to is not None:
            object.__setattr__(self, "to", canonical(self.to))

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        target = self.to if self.to is not None else NOWHERE
        if not isinstance(reply, Answer) or (query.name == target and self.how == "redirect"):
            return reply
        alias = _alias(query.name, target)
        answer = replace(reply, rcode="NOERROR", records=(alias,), authority=(), additional=(), aa=True)
        if query.rtype == "CNAME":
            return answer
        if self.how == "dangling":
            return replace(answer, rcode="NXDOMAIN", authority=(reply.soa,) if reply.soa else ())
        if self.how == "loop":
            back = () if query.name == target else (_alias(target, query.name),)
            return replace(answer, records=(alias, *back))
        found = reply.look(name=target) if reply.look else None
        if found is None or found.rcode == "REFUSED":
            return answer
        return replace(answer, rcode=found.rcode, records=(alias, *found.records), authority=found.authority)


def _alias(name: str, target: str) -> Record:
    return Record(name, "CNAME", OWN_TTL_S, f"{as_field(target)}." if target else ".")
