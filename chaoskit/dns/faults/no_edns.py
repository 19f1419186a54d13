"""``no_edns``: a server that does not know EDNS (RFC 6891 §7): FORMERR to a question with an OPT record, or an answer without one.

A resolver asks again without EDNS, then gets an ordinary answer, of 512 bytes at most over UDP. Questions without EDNS, such as
glibc's by default, are not touched.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Literal

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, Query, Reply


@dataclass(frozen=True, slots=True)
class NoEdns(DnsFault):
    """``how``: ``formerr`` refuses the question, ``strip`` answers it as if it had no OPT record."""

    how: Literal["formerr", "strip"] = "formerr"

    def __post_init__(self) -> None:
        if self.how not in ("formerr", "strip"):
            raise ValueError(f"'how' is formerr or strip, not {self.how!r}")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer) or query.edns_size is None:
            return reply
        answer = replace(reply.negative("FORMERR"), aa=False) if self.how == "formerr" else reply
        return answer.with_wire(edns=False)
