"""What the DNS server was asked, and what became of it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from chaoskit.journal.events._types import BaseEvent, Instant, Whole


class QueryAnswered(BaseEvent, frozen=True, kw_only=True, tag="query"):
    """A DNS query and what became of it.

    ``at`` is its arrival, ``answered_at`` when the reply was handed to the kernel (for a drop, when that was decided).
    ``asker`` is the label of the resolver address that was asked; every client has one of its own, so it names the client.
    ``peer`` is the asker's ``address:port``: glibc asks for A and AAAA from one port, which groups them into a lookup.
    ``reply`` is ``answer``, ``raw``, ``drop``, ``hangup`` or ``closed`` (the asker was told that nobody listens); ``rcode`` and ``answers``
    speak of an ``answer``.
    ``faults`` are the ids of the injections whose fault shaped this reply; ``chance`` dice that said no are not in it. ``unseen`` are those
    that acted on it in vain: another one hid what they did, or it was too small to be felt.
    ``upstream`` is empty for our own zones; of a question that was passed on it says ``answered``, or why the honest answer is
    SERVFAIL: ``timed out``, ``unreachable``, ``malformed`` or ``too many under way``.
    """

    at: Instant
    answered_at: Instant
    asker: str
    peer: str
    transport: Literal["udp", "tcp"]
    name: str
    rtype: str
    reply: Literal["answer", "raw", "drop", "hangup", "closed"]
    rcode: str
    answers: Whole
    faults: tuple[str, ...] = ()
    upstream: str = ""
    unseen: tuple[str, ...] = ()


DnsEvent: TypeAlias = QueryAnswered
