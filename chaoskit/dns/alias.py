"""Chains of aliases: a fault on a CNAME's target is met by whoever asks for the alias, as it would be were the target itself broken.

The answer is taken apart where the broken name begins. The fault sees the question as if it had been put for that name, with the records
from there on; what it makes of them goes behind the CNAMEs that lead there. So an emptied target gives the alias and no address (RFC 2308
§2.2), and a missing one NXDOMAIN with the alias in the answer (RFC 6604 §3).
"""

from __future__ import annotations

from dataclasses import replace

from chaoskit.dns.message import Answer, Hangup, Query, Record, Reply
from chaoskit.dns.names import canonical

SAID_OF_DATA = ("NOERROR", "NXDOMAIN")
"""RCODEs that say something of names; the others are failures, whose answers hold no records."""


def aliases(query: Query, reply: Reply) -> tuple[str, ...]:
    """The name that is asked for, and those to which the CNAMEs of the answer lead from there, in their order."""
    if not isinstance(reply, Answer) or not reply.records or query.rtype in ("CNAME", "ANY"):
        return (query.name,)
    targets = {record.name: record.data for record in reply.records if record.rtype == "CNAME"}
    chain = [query.name]
    while (target := targets.pop(chain[-1], None)) is not None:
        chain.append(canonical(target))
    return tuple(chain)


def split(answer: Answer, name: str) -> tuple[tuple[Record, ...], Answer]:
    """The records that lead to ``name``, and the answer without them."""
    end = next(
        (n for n, record in enumerate(answer.records) if record.rtype == "CNAME" and canonical(record.data) == name), -1
    )
    return answer.records[: end + 1], replace(answer, records=answer.records[end + 1 :])


def joined(way: tuple[Record, ...], reply: Reply) -> Reply:
    """``reply`` behind the records that lead there, where it has something to say of names."""
    match reply:
        case Answer():
            also = tuple(one for other in reply.also if isinstance(one := joined(way, other), Answer))
            if reply.rcode not in SAID_OF_DATA or reply.bend.truncated:
                return replace(reply, also=also)
            return replace(reply, records=(*way, *reply.records), also=also)
        case Hangup(begun=Answer() as begun):
            whole = joined(way, begun)
            return replace(reply, begun=whole if isinstance(whole, Answer) else begun)
    return reply
