"""Answers built once: the fast path's memory of what it says to which question.

The general path (``Server.receive``) parses a question, asks the responder and has the codec build the answer. Most questions are
asked again and again, and their answers differ in the ID and in the case of the name alone. So an answer is built once and kept as a
template: the next asker gets their own ID, the template's header, their own question byte for byte, and the template's tail.

Only what depends on nothing but the question becomes a template. Dice, counting, targeted clients, delays, drops, raw bytes and names
outside our zones (which another server may answer) stay on the general path. No fault has to declare that, it is found out: the
responder is asked about a ``Query`` that has no client and no ordinal, and a policy that reaches for what is not there gets no template.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chaoskit.clock import Instant
from chaoskit.dns.codec import HEADER, NotAnswerable, Request, answer_count, read_request, write_answer
from chaoskit.dns.message import Answer, Query
from chaoskit.dns.responder import Responder
from chaoskit.dns.spool import QueryLog
from chaoskit.journal.spool import Shape

MAX_BYTES = 4 << 20
"""What one generation may take of memory, about. When a flood of random names has filled it, a new one begins."""

NEVER = 1 << 63
ID = 2

_LETTERS = bytes(range(ord("A"), ord("Z") + 1)) + bytes(range(ord("a"), ord("z") + 1))


@dataclass(slots=True, eq=False)
class Template:
    """One answer. ``rest`` is all of it but the ID, for a question in lower case; ``question_end`` is where the question ends.

    ``number`` is that of its shape in the log. ``exact`` and ``cased`` are for ``udp_batched``, and empty elsewhere.
    """

    number: int
    rest: bytes
    question_end: int
    exact: bytes = b""
    cased: bytes = b""

    def answer(self, data: bytes) -> bytes:
        """The bytes to send to the asker of ``data``."""
        end = self.question_end
        return data[:ID] + self.rest[: HEADER - ID] + data[HEADER:end] + self.rest[end - ID :]


class Templates:
    """The templates of one listener and transport.

    They are valid for one *generation*: while the responder is the same object, and until its timeline changes next. ``begin`` is called at
    the head of each batch, before anything is looked up; between two calls a generation only grows.
    """

    def __init__(self, label: str, transport: Literal["udp", "tcp"], log: QueryLog) -> None:
        self._label = label
        self._transport: Literal["udp", "tcp"] = transport
        self._log = log
        self._responder: Responder | None = None
        self._until: Instant = NEVER
        self._bytes = 0
        self._varying: set[bytes] = set()
        self.known: dict[bytes, Template] = {}
        """By a question in lower case without its ID. A question found here as it came is in lower case itself."""

    def begin(self, responder: Responder, at: Instant) -> bool:
        """Begin a batch at ``at``; true if that began a new generation, and all templates are gone."""
        if responder is self._responder and at < self._until and self._bytes < MAX_BYTES:
            return False
        change = responder.timeline.next_change(at)
        self._responder, self._until = responder, NEVER if change is None else change
        self._bytes = 0
        self._varying = set()
        self.known = {}
        return True

    def find(self, data: bytes, at: Instant) -> Template | None:
        """The template for a question that is not in ``known`` as it came; None: the general path must answer."""
        key = data[ID:].lower()
        template = self.known.get(key)
        if template is None and key not in self._varying and _can_be_key(data):
            template = self._build(data[:ID] + key, at)
        return template

    def _build(self, data: bytes, at: Instant) -> Template | None:
        """Make and remember the template for ``data``, whose name is in lower case; None if there can be none."""
        assert self._responder is not None
        try:
            request = read_request(data, self._transport, self._label, "", 0)
        except NotAnswerable:
            return None
        if not isinstance(request, Request) or self._responder.zones.find(request.query.name) is None:
            return None  # not remembered: there is no end to what is not ours
        key = data[ID:]
        self._bytes += len(key) + 500
        written = self._write(request, at)
        if written is None:
            self._varying.add(key)
            return None
        wire, shape = written
        number = self._log.number(shape)
        if number is None:
            return None
        self._bytes += len(wire)
        template = self.known[key] = Template(number, wire[ID:], HEADER + len(request.question))
        return template

    def _write(self, request: Request, at: Instant) -> tuple[bytes, Shape] | None:
        """The answer that everybody who asks this gets, and what the log says of it; None if it varies."""
        assert self._responder is not None
        query = _question_alone(request.query)
        timeline = self._responder.timeline
        try:
            if any(not one.when.steady and one.where.matches(query) for one in timeline.active(at)):
                return None
            reply, faults = self._responder.respond(query, at)
            if type(reply) is not Answer or reply.delay_ns:
                return None
            wire = write_answer(request, reply)
        except Exception:  # noqa: BLE001 - it reached for what is not there, or is broken: the general path finds out, and tells
            return None
        end = HEADER + len(request.question)
        if request.id != int.from_bytes(wire[:ID], "big") or wire[HEADER:end] != request.question:
            return None
        return wire, Shape(
            self._label, self._transport, query.name, query.rtype, "answer", reply.rcode, answer_count(wire), faults
        )


def _can_be_key(data: bytes) -> bool:
    """Whether lower-casing ``data`` touches nothing but the name: type 65 would become 97, and a cookie another's.

    A length byte is never a letter, so a message that equals this one in lower case has its name at the same place.
    """
    end = data.find(
        0, HEADER
    )  # of the name, if no label holds a zero byte; if one does, this is too early and only stricter
    return end > 0 and not set(data[ID:HEADER] + data[end:]) & set(_LETTERS)


def _question_alone(query: Query) -> Query:
    """``query`` without what differs from asker to asker: reading that raises ``AttributeError``, as of any slot that is empty."""
    alone = object.__new__(Query)
    for field in ("name", "rtype", "transport", "asker", "edns_size"):
        object.__setattr__(alone, field, getattr(query, field))
    return alone
