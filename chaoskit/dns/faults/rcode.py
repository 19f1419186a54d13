"""``rcode``: any RCODE, with or without an extended error (RFC 8914). What a resolver makes of rare ones is not written anywhere: look.

An RCODE above 15 (such as ``BADCOOKIE``) needs EDNS; an asker without EDNS gets SERVFAIL in its place, and no extended error.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import ClassVar

from chaoskit.clock import Instant
from chaoskit.dns import rcodes
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, ExtendedError, Query, Reply

MAX_TEXT = 100
"""Bytes; with the longest question, the answer still fits into 512."""


@dataclass(frozen=True, slots=True)
class Rcode(DnsFault):
    """``code`` is a name such as ``NOTIMP``, or ``RCODE3841``; ``ede`` the number of an extended error, ``text`` its words."""

    EXAMPLE: ClassVar[str] = "{rcode: {code: SERVFAIL, ede: 22, text: no reachable authority}}"

    code: str
    ede: int | None = None
    text: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", rcodes.mnemonic(rcodes.number(self.code.upper())))
        if self.ede is not None and not 0 <= self.ede <= 0xFFFF:
            raise ValueError(f"'ede' is a number from 0 to 65535 (RFC 8914), not {self.ede}")
        if self.text and self.ede is None:
            raise ValueError("'text' belongs to an extended error; add 'ede', 0 for any other (RFC 8914)")
        if len(self.text.encode()) > MAX_TEXT:
            raise ValueError(f"'text' has more than {MAX_TEXT} bytes")

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        if not isinstance(reply, Answer):
            return reply
        sayable = query.edns_size is not None or rcodes.number(self.code) <= rcodes.WITHOUT_EDNS
        error = ExtendedError(self.ede, self.text) if self.ede is not None else None
        return replace(reply.negative(self.code if sayable else "SERVFAIL"), aa=False, error=error)
