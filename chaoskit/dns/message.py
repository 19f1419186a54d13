"""Queries and replies as plain data: what faults see and return. No sockets, no wire format, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Query:
    """One question.

    ``name`` is lower-case without the final dot (``""`` is the root); ``rtype`` a mnemonic, ``TYPE65400`` when it has none.
    ``asker`` labels the resolver address that was asked; ``client`` is the asker's IP address; ``edns_size`` the UDP size
    it offers, None without EDNS; ``ordinal`` counts the questions of this asker from 1.
    """

    name: str
    rtype: str
    transport: Literal["udp", "tcp"]
    asker: str
    client: str
    edns_size: int | None
    ordinal: int


@dataclass(frozen=True, slots=True)
class Record:
    """A resource record in presentation form: ``data`` as in a master file (RFC 1035 §5.1); ``ttl`` in seconds."""

    name: str
    rtype: str
    ttl: int
    data: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A well-formed response.

    ``soa`` is the SOA of the zone that answered, None outside our zones. It is not sent as such: a fault that makes the answer
    negative puts it into ``authority`` (RFC 2308 §2). ``delay_ns`` is how long the server waits before it sends.
    """

    rcode: str = "NOERROR"
    records: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    aa: bool = True
    soa: Record | None = None
    delay_ns: int = 0


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes sent as they are, for what the codec would rightly refuse to build."""

    data: bytes
    delay_ns: int = 0


@dataclass(frozen=True, slots=True)
class Drop:
    """No answer at all."""


@dataclass(frozen=True, slots=True)
class Hangup:
    """Over TCP: the connection is closed (``reset`` true: with RST) without an answer. Over UDP: as ``Drop``."""

    reset: bool = False
    delay_ns: int = 0


Reply: TypeAlias = Answer | Raw | Drop | Hangup
