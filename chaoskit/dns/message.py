"""Queries and replies as plain data: what faults see and return. No sockets, no wire format, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class Query:
    """One question.

    ``name`` is lower-case without the final dot (``""`` is the root); ``rtype`` a mnemonic, ``TYPE65400`` when it has none.
    ``asker`` labels the resolver address that was asked; ``client`` is the asker's IP address; ``edns_size`` the UDP size
    it offers, None without EDNS; ``ordinal`` counts the questions of this asker from 1. ``nth`` counts, from 1, how often this asker
    has put this question (name and type) to the injection at work; it is 1 where no injection is.
    """

    name: str
    rtype: str
    transport: Literal["udp", "tcp"]
    asker: str
    client: str
    edns_size: int | None
    ordinal: int
    nth: int = 1


@dataclass(frozen=True, slots=True)
class Record:
    """A resource record in presentation form: ``data`` as in a master file (RFC 1035 §5.1); ``ttl`` in seconds."""

    name: str
    rtype: str
    ttl: int
    data: str


@dataclass(frozen=True, slots=True)
class ExtendedError:
    """What an RCODE cannot say (RFC 8914): a code of IANA's registry, and ``text`` for people. Sent to askers with EDNS only."""

    code: int
    text: str = ""


Place: TypeAlias = Literal["header", "question", "answer", "length", "anywhere"]


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a message are spoilt after it was written; equal seeds spoil alike.

    ``header`` is all of it but the ID, so that the asker takes the message for theirs; ``answer`` is all behind the question. There,
    ``count`` bytes are changed. ``length`` cuts the message short.
    """

    place: Place
    count: int
    seed: int


@dataclass(frozen=True, slots=True)
class WireOverrides:
    """Where an answer departs on the wire from what the codec would rightly write. The default departs nowhere.

    ``truncated`` sets TC. ``edns`` false leaves the OPT record out, as a server does that knows no EDNS. ``whole`` sends the answer however
    large it is. ``id_xor`` spoils the ID. ``question`` (name and type) stands in place of the asker's.
    """

    truncated: bool = False
    edns: bool = True
    whole: bool = False
    id_xor: int = 0
    question: tuple[str, str] | None = None
    damage: Damage | None = None

    @property
    def readable(self) -> bool:
        """Whether a resolver can take the message for an answer to its question."""
        return not (self.id_xor or self.question or self.damage)


NO_OVERRIDES = WireOverrides()


class Look(Protocol):
    """The honest answer to the same question, had it been put for ``name``, or ``versions`` changes of the zones ago.

    None where that is not known: the zones have not changed as often, or the name was an upstream's and none of ours.
    """

    def __call__(self, name: str | None = None, versions: int = 0) -> Answer | None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A well-formed response.

    ``soa`` is the SOA of the zone that answered, None outside our zones. It is not sent as such: a fault that makes the answer
    negative puts it into ``authority`` (RFC 2308 §2). ``delay_ns`` is how long the server waits before it sends. ``error`` explains the
    RCODE. ``bend`` is what a fault made wrong on the wire, and ``also`` what it sends besides, right after. ``look`` lets a fault ask for
    other honest answers; it is no part of the answer. ``ra`` says that we resolve for the asker: of what an upstream answered.
    """

    rcode: str = "NOERROR"
    records: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    aa: bool = True
    soa: Record | None = None
    delay_ns: int = 0
    error: ExtendedError | None = None
    bend: WireOverrides = NO_OVERRIDES
    also: tuple[Answer, ...] = ()
    look: Look | None = field(default=None, compare=False, repr=False)
    ra: bool = False

    def negative(self, rcode: str, authority: tuple[Record, ...] = ()) -> Answer:
        """The same without records, with another RCODE."""
        return replace(self, rcode=rcode, records=(), authority=authority, additional=())

    def with_wire(self, **changes: Any) -> Answer:
        """The same, with changes to its ``bend``."""
        return replace(self, bend=replace(self.bend, **changes))


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
    """Over TCP: the connection is closed (``reset`` true: with RST). Over UDP: as ``Drop``.

    Before that, the first ``share`` of ``begun`` (its two bytes of length included) is sent: all at once, or a byte every ``drip_ns``.
    """

    reset: bool = False
    delay_ns: int = 0
    begun: Answer | None = None
    share: float = 0.0
    drip_ns: int = 0


@dataclass(frozen=True, slots=True)
class Refuse:
    """As if nobody listened: over UDP an ICMP "port unreachable", over TCP the connection is reset."""

    delay_ns: int = 0


Reply: TypeAlias = Answer | Raw | Drop | Hangup | Refuse
