"""``closed``: nobody listens at the name server's port. Over UDP an ICMP "port unreachable" comes back at once, over TCP a reset.

A resolver that gets silence (``drop``) waits for its time-out; one that is told goes to the next server at once, or fails at once: glibc
reports ``EAI_AGAIN`` (-3) after milliseconds, not after 10 s. This is a server process that has died; ``drop`` is a machine or a network
that is gone. The ICMP message reaches sockets that are connected, as those of stub resolvers are (udp(7)).

A TCP connection is accepted by the kernel before anything is known of the question, so it is reset after that: ``ECONNRESET``, where a
closed port gives ``ECONNREFUSED``. The server needs CAP_NET_RAW: it has it in the namespace sandbox, and as root.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar

from chaoskit.clock import Instant
from chaoskit.dns import icmp
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, Query, Refuse, Reply


@dataclass(frozen=True, slots=True)
class Closed(DnsFault):
    """The port is closed. ``under: "."`` closes it for all names, as a dead server does."""

    EXAMPLE: ClassVar[str] = "closed"

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        return Refuse(reply.delay_ns) if isinstance(reply, Answer) else reply

    def lacking(self) -> str:
        return icmp.lacking()
