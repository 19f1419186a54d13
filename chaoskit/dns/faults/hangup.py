"""``hangup``: over TCP, the connection ends before the answer is whole: closed, reset, in the middle of the answer, or drop by drop.

Over UDP there is no connection, and nothing changes. Most resolvers come by TCP only when an answer was truncated: put ``truncate`` on the
same name to bring them there. A resolver that gets no whole answer tries another server or reports a failure (RFC 7766 §6.2.4).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import ClassVar, Literal

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, Query, Reply
from chaoskit.dns.message import Hangup as Ended
from chaoskit.units import MILLISECOND, Duration


@dataclass(frozen=True, slots=True)
class Hangup(DnsFault):
    """``how``: ``close`` ends the connection in order, ``reset`` with RST, ``half`` after half of the answer.

    ``drip`` sends all of the answer, a byte every ``every``, and then closes.
    """

    EXAMPLE: ClassVar[str] = "{hangup: {how: half}}"

    how: Literal["close", "reset", "half", "drip"] = "close"
    every: Duration = 100 * MILLISECOND

    def __post_init__(self) -> None:
        if self.how not in ("close", "reset", "half", "drip"):
            raise ValueError(f"'how' is close, reset, half or drip, not {self.how!r}")
        if self.every <= 0:
            raise ValueError("'every' must be longer than 0")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer) or query.transport == "udp":
            return reply
        match self.how:
            case "half":
                return Ended(delay_ns=reply.delay_ns, begun=reply, share=0.5)
            case "drip":
                return Ended(delay_ns=reply.delay_ns, begun=reply, share=1.0, drip_ns=self.every)
        return Ended(reset=self.how == "reset", delay_ns=reply.delay_ns)
