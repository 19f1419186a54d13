"""``oversize``: an answer larger than the asker takes (512 bytes without EDNS, RFC 1035 §4.2.1), sent over UDP all the same.

An honest server would truncate it. A resolver whose buffer is as small as it said loses the end, and sees a damaged answer; many have
larger ones and notice nothing. On a real network, answers above the MTU are fragmented, and firewalls drop fragments.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import ClassVar

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, Query, Record, Reply

PLAIN_SIZE = 512
LARGEST = 60_000
"""What one datagram over IPv4 can hold is 65,507 bytes; the rest is for the answer itself."""

STRING = 250
FIXED = 12
"""Of a record, beside its name and data (RFC 1035 §3.2.1)."""


@dataclass(frozen=True, slots=True)
class Oversize(DnsFault):
    """``by`` is by how many bytes, at least, the answer exceeds what the asker takes. Over TCP, where everything fits, nothing changes.

    The padding is a TXT record in the additional section. An asker that takes nearly 64 KiB cannot be exceeded, and an
    answer that is that large already becomes no larger.
    """

    EXAMPLE: ClassVar[str] = "{oversize: {by: 100}}"

    by: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.by <= LARGEST - PLAIN_SIZE:
            raise ValueError(f"'by' is a number of bytes from 1 to {LARGEST - PLAIN_SIZE}")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        size = max(PLAIN_SIZE, query.edns_size or 0) + self.by
        if not isinstance(reply, Answer) or query.transport == "tcp":
            return reply
        if size + sum(_most_bytes(record) for record in reply.additional) > LARGEST:
            return reply  # another such fault has padded it already
        padding = " ".join(['"' + "x" * STRING + '"'] * (size // STRING + 1))
        return replace(reply, additional=(*reply.additional, Record(query.name, "TXT", 0, padding))).with_wire(
            whole=True
        )


def _most_bytes(record: Record) -> int:
    """About what a record takes on the wire: its data in presentation form are no shorter than that."""
    return len(record.name) + len(record.data) + FIXED
