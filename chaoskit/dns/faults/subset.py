"""``subset``: the half-empty record. Some of the addresses are missing, the rest still answers.

A resolver sees an ordinary answer, only shorter; nothing tells it what is missing. Fewer addresses take all of the load, and clients that
pinned a missing one keep it until they look again.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import ClassVar

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.faults._addresses import ADDRESS_TYPES
from chaoskit.dns.message import Answer, Query, Record, Reply
from chaoskit.seeds import generator


@dataclass(frozen=True, slots=True)
class Subset(DnsFault):
    """``keep`` addresses stay, or the ``share`` of them (rounded up, so at least one), in their order.

    The same ones are missing for everybody, chosen by ``seed``; with ``redraw`` each query draws for itself. A and AAAA records
    are counted apart.
    """

    EXAMPLE: ClassVar[str] = "{subset: {share: 0.5}}"

    keep: int | None = None
    share: float | None = None
    seed: int = 0
    redraw: bool = False

    def __post_init__(self) -> None:
        if (self.keep is None) == (self.share is None):
            raise ValueError("write either 'keep', a number of addresses, or 'share', a part of them such as 0.5")
        if self.keep is not None and self.keep < 1:
            raise ValueError("'keep' must be 1 or more; to lose all, use the fault 'empty'")
        if self.share is not None and not 0 < self.share < 1:
            raise ValueError("'share' must lie between 0 and 1; to lose all, use the fault 'empty'")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer):
            return reply
        lost = [record for rtype in ADDRESS_TYPES for record in self._lost(reply, rtype, rng)]
        return replace(reply, records=tuple(record for record in reply.records if record not in lost))

    def _lost(self, reply: Answer, rtype: str, rng: random.Random) -> list[Record]:
        addresses = [record for record in reply.records if record.rtype == rtype]
        keep = self.keep if self.keep is not None else math.ceil((self.share or 0) * len(addresses))
        if keep >= len(addresses):
            return []
        if self.redraw:
            return rng.sample(addresses, len(addresses) - keep)
        # By the address, not by its place, so that rotation and a change of the zone leave the choice as it was.
        return sorted(addresses, key=lambda record: generator(self.seed, "subset", record.data).random())[keep:]
