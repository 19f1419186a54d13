"""Answers built once: the fast path's memory of what it says to which question.

The general path (``Server.receive``) parses a question, asks the responder and has the codec build the answer. Most questions are
asked again and again, and their answers differ in the ID and in the case of the name alone. So an answer is built once and kept as a
template: the next asker gets their own ID, the template's header, their own question byte for byte, and the template's tail.

Only what depends on nothing but the question becomes a template. Counting, targeted clients, delays, drops, raw bytes and names outside
our zones (which another server may answer) stay on the general path. No fault has to declare that, it is found out: the responder is
asked about a ``Query`` that has no client and no ordinal, and a policy that reaches for what is not there gets no template. Where
an injection with a chance meets a question, both outcomes get a template, and the dice are thrown for each query.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Literal

from chaoskit.clock import Instant
from chaoskit.dns.alias import aliases
from chaoskit.dns.codec import HEADER, NotAnswerable, Request, answer_count, read_request, write_answer
from chaoskit.dns.message import Answer, Query
from chaoskit.dns.plan import DnsInjection
from chaoskit.dns.responder import Responder, throw
from chaoskit.dns.spool import QueryLog
from chaoskit.journal.spool import Shape

MAX_BYTES = 4 << 20
"""What one generation may take of memory, about. When a flood of random names has filled it, a new one begins."""

NEVER = 1 << 63
ID = 2

_LETTERS = bytes(range(ord("A"), ord("Z") + 1)) + bytes(range(ord("a"), ord("z") + 1))


class _LogFull(Exception):
    """The log has no room for what another template would mean."""


@dataclass(slots=True, eq=False)
class Template:
    """One answer. ``rest`` is all of it but the ID, for a question in lower case; ``question_end`` is where the question ends.

    ``number`` is that of its shape in the log. ``pieces`` and ``cased`` are what the loop that answers keeps with it.
    """

    number: int
    rest: bytes
    question_end: int
    pieces: bytes = b""
    cased: Template | None = None

    def answer(self, data: bytes) -> bytes:
        """The bytes to send to the asker of ``data``."""
        end = self.question_end
        return data[:ID] + self.rest[: HEADER - ID] + data[HEADER:end] + self.rest[end - ID :]


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What is said from one change of the timeline to the next, which is at ``until``.

    The keys are questions in lower case without their ID. In ``choices``, None means that the general path must answer.
    """

    active: tuple[DnsInjection, ...]
    until: Instant
    known: dict[bytes, Template]
    choices: dict[bytes, _Choice | None]


class Templates:
    """The templates of one listener and transport.

    What is in ``known`` is valid while the responder is the same object, and until its timeline changes next. ``begin`` is called at
    the head of each batch, before anything is looked up, and sees to that. The templates themselves live on, since the same question
    meeting the same injection in the same zones has the same answer, now and later. They live for one *generation*, which ends when
    the zones change or the memory is full.

    ``prepare`` is called between batches. It makes ready, a question at a time, what will be said after the next change, so that a record
    goes blank in no more time than a round trip takes. ``made`` is called with each new template.
    """

    def __init__(
        self,
        label: str,
        transport: Literal["udp", "tcp"],
        log: QueryLog,
        made: Callable[[Template], None] = lambda _: None,
    ) -> None:
        self._label = label
        self._transport: Literal["udp", "tcp"] = transport
        self._log = log
        self._made = made
        self._responder: Responder | None = None
        self.state = self._coming = _State((), 0, {}, {})
        self._unready: list[bytes] = []
        self._requests: dict[bytes, Request] = {}
        self._chains: dict[bytes, tuple[str, ...]] = {}
        # By question and injection met (or None); the number is that of the object, which the value keeps alive.
        self._built: dict[tuple[bytes, int], tuple[DnsInjection | None, Template | None]] = {}
        self._bytes = 0
        self.known: dict[bytes, Template] = {}
        """By a question in lower case without its ID. A question found here as it came is in lower case itself."""

    def begin(self, responder: Responder, at: Instant) -> bool:
        """Begin a batch at ``at``; true if that began a new generation, and all templates are gone."""
        full = self._bytes >= MAX_BYTES
        same = responder is self._responder and not full
        if same and at < self._coming.until:
            if at >= self.state.until:
                self.state, self.known = self._coming, self._coming.known
            return False
        anew = not same and (full or self._responder is None or not _differ_in_time(self._responder, responder))
        self._responder = responder
        if anew:
            self._requests, self._chains, self._built, self._bytes = {}, {}, {}, 0
        self.state = self._coming = self._state_at(at)
        self.known = self.state.known
        return anew

    def prepare(self) -> tuple[dict[bytes, Template], bytes] | None:
        """One step of making ready for the next change: the ``known`` to come, and the question that was looked at for it."""
        change = self.state.until
        if change == NEVER or self._responder is None:
            return None
        if self._coming is self.state:
            self._coming, self._unready = self._state_at(change), list(self._requests)
        elif self._unready:
            key = self._unready.pop()
            self._learn(self._coming, key, change)
            return self._coming.known, key
        return None

    def _state_at(self, at: Instant) -> _State:
        change = self._now.timeline.next_change(at)
        return _State(self._now.timeline.active(at), NEVER if change is None else change, {}, {})

    def find(self, data: bytes, at: Instant, ordinal: int) -> Template | None:
        """The template for a question that is not in ``known`` as it came; None: the general path must answer.

        ``ordinal`` is the question's among those of its asker.
        """
        key = data[ID:].lower()
        template = self.known.get(key)
        if template is not None:
            return template
        choices = self.state.choices
        if key not in choices and _can_be_key(data):
            self._learn(self.state, key, at)
        choice = choices.get(key)
        return choice.throw(self._now.seed, ordinal) if choice else self.known.get(key)

    def _learn(self, state: _State, key: bytes, at: Instant) -> None:
        """Put ``key`` into what ``state`` knows or its choices; into neither if it is none of our business."""
        request = self._requests.get(key) or self._read(key)
        if request is None:
            return
        try:
            found = self._choose(state, key, request, at)
        except _LogFull:
            return  # for now, so it is not remembered
        except Exception:  # noqa: BLE001 - it reached for what is not there, or is broken: the general path finds out, and tells
            found = None
        if isinstance(found, Template):
            state.known[key] = found
        else:
            state.choices[key] = found

    def _read(self, key: bytes) -> Request | None:
        """The question, without what differs from asker to asker; None if it is not for our zones."""
        try:
            request = read_request(bytes(ID) + key, self._transport, self._label, "", 0)
        except NotAnswerable:
            return None
        if not isinstance(request, Request) or self._now.zones.find(request.query.name) is None:
            return None  # not remembered: there is no end to what is not ours
        self._bytes += 4 * len(key) + 1000
        request = self._requests[key] = replace(request, query=_question_alone(request.query))
        self._unready.append(key)
        return request

    def _choose(self, state: _State, key: bytes, request: Request, at: Instant) -> Template | _Choice | None:
        """What may be answered to ``request``; None for what the general path must decide.

        At most one injection may meet it: what a second one looks at could depend on what the first one did. Raises whatever a
        policy raises that looks at the asker.
        """
        met = self._met(state, key, request)
        if not met:
            return self._outcome(key, request, None, at)
        if len(met) > 1 or met[0].where.counts or not met[0].when.steady:
            return None
        certain = self._outcome(key, request, met[0], at)
        if met[0].chance >= 1 or certain is None:
            return certain
        missed = self._outcome(key, request, None, at)
        return _Choice(request.query, met[0].id, met[0].chance, certain, missed) if missed else None

    def _met(self, state: _State, key: bytes, request: Request) -> list[DnsInjection]:
        """The injections that this question meets, through aliases too."""
        query = request.query
        if query.name in self._now.spared:
            return []
        if key not in self._chains:
            self._chains[key] = aliases(query, self._now.zones.answer(query))
        return [one for one in state.active if one.where.through(query, self._chains[key]) is not None]

    def _outcome(self, key: bytes, request: Request, met: DnsInjection | None, at: Instant) -> Template | None:
        """What everybody is answered whom ``met`` surely meets; None if it varies."""
        place = key, id(met)
        if place not in self._built:
            self._built[place] = met, self._build(request, met, at)
        return self._built[place][1]

    def _build(self, request: Request, met: DnsInjection | None, at: Instant) -> Template | None:
        query = request.query
        timeline = replace(self._now.timeline, injections=(replace(met, chance=1.0),) if met else ())
        reply, faults = replace(self._now, timeline=timeline).respond(query, at)
        if not isinstance(reply, Answer) or reply.delay_ns or reply.also or not reply.bend.readable:
            return None
        wire = write_answer(request, reply)
        end = HEADER + len(request.question)
        if wire[:ID] != bytes(ID) or wire[HEADER:end] != request.question:
            return None
        count = answer_count(wire)
        number = self._log.number(
            Shape(self._label, self._transport, query.name, query.rtype, "answer", reply.rcode, count, faults)
        )
        if number is None:
            raise _LogFull
        self._bytes += len(wire) + 500
        template = Template(number, wire[ID:], end)
        self._made(template)
        return template

    @property
    def _now(self) -> Responder:
        assert self._responder is not None, "begin comes first"
        return self._responder


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """What may be answered to one question that ``injection`` meets with a chance."""

    query: Query
    injection: str
    chance: float
    met: Template
    missed: Template

    def throw(self, seed: int, ordinal: int) -> Template:
        """The template for the asker's question number ``ordinal``: as ``Responder.respond`` would decide."""
        return self.met if throw(seed, self.injection, self.query, ordinal) < self.chance else self.missed


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


def _differ_in_time(one: Responder, other: Responder) -> bool:
    """Whether the two are alike in all but their timelines."""
    return all(
        getattr(one, part.name) is getattr(other, part.name) for part in fields(Responder) if part.name != "timeline"
    )
