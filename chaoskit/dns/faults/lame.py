"""``lame``: a server that is asked for a zone and does not know it (RFC 1912 §2.8). It says neither the answer nor an error.

glibc takes such an answer for a failure of the server (see the table of docs/faults.md), others take it for an empty record. A resolver
that follows referrals finds itself where it was.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Literal

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, Query, Record, Reply

ROOT = Record("", "NS", 518400, "a.root-servers.net.")


@dataclass(frozen=True, slots=True)
class Lame(DnsFault):
    """``how``: ``empty`` says nothing at all; ``referral`` points up to the root; ``no_aa`` gives the answer, but not as an authority."""

    how: Literal["empty", "referral", "no_aa"] = "empty"

    def __post_init__(self) -> None:
        if self.how not in ("empty", "referral", "no_aa"):
            raise ValueError(f"'how' is empty, referral or no_aa, not {self.how!r}")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer):
            return reply
        if self.how == "no_aa":
            return replace(reply, aa=False)
        authority = (ROOT,) if self.how == "referral" else ()
        return replace(reply.negative("NOERROR", authority), aa=False, ra=False)
