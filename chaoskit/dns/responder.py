"""What is answered, and why: pure. The server asks it at each query; nothing toggles and no timer races."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from chaoskit.clock import Instant
from chaoskit.dns.alias import aliases, joined, split
from chaoskit.dns.breakage import FaultFailed
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, Drop, Query, Record, Reply
from chaoskit.dns.question_counter import QuestionCounter
from chaoskit.dns.share import is_meant
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.zone import Zones
from chaoskit.seeds import fraction, generator
from chaoskit.timeline.injection import FELT_NS, Injection, Timeline

MAX_HISTORY = 16


@dataclass(frozen=True, slots=True)
class Outcome:
    """A reply and the ids of the injections that acted on it, in the order written.

    The asker saw what those in ``met`` did: without any of them the reply would have been another. Of those in ``unseen`` nothing was to be
    seen: a later fault hid it, or it was too small to be felt.
    """

    reply: Reply
    met: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Hit:
    """An injection that is due for ``query``, of which it speaks as ``name``."""

    injection: Injection[DnsTarget, DnsFault]
    query: Query
    name: str


@dataclass(frozen=True, slots=True)
class Responder:
    """Zones and faults, without state. ``seed`` is the run's. ``history`` has the zones as they were before, the latest last.

    Questions for names in ``spared`` (the canary) are answered honestly whatever is injected.
    """

    zones: Zones
    timeline: Timeline[DnsTarget, DnsFault]
    seed: int
    history: tuple[Zones, ...] = ()
    spared: frozenset[str] = frozenset()

    def with_zones(self, zones: Zones) -> Responder:
        """The responder after a change to ``zones``, if it is one; it remembers the last ``MAX_HISTORY`` states before."""
        if zones is self.zones:
            return self
        before = (self.zones,) if self.zones.zones else ()  # a server that has no zones yet has no past
        return replace(self, zones=zones, history=(*self.history, *before)[-MAX_HISTORY:])

    def respond(
        self, query: Query, at: Instant, honest: Answer | None = None, tally: QuestionCounter | None = None
    ) -> tuple[Reply, tuple[str, ...]]:
        """The reply to ``query`` at ``at``, and the ids of the injections that its asker met; see ``outcome``."""
        outcome = self.outcome(query, at, honest, tally)
        return outcome.reply, outcome.met

    def outcome(
        self, query: Query, at: Instant, honest: Answer | None = None, tally: QuestionCounter | None = None
    ) -> Outcome:
        """What is replied to ``query`` at ``at``, and because of which injections.

        ``honest`` is what the faults are handed where our zones have no say: an upstream's answer. ``tally`` numbers the
        questions for each injection; without one the query's own ``nth`` holds.

        Dice derive from the seed, the injection and the question's identity: its asker, name, type, and ordinal among the questions of
        that asker. So they fall alike in a replay however the clients' packets interleave.
        """
        reply: Reply = self.zones.answer(query) if honest is None else honest
        if query.name in self.spared:
            return Outcome(reply)
        chain = aliases(query, reply)
        untouched, hits = reply, []
        for injection in self.timeline.active(at):
            name = injection.where.through(query, chain)
            if name is None:
                continue
            if tally is not None:
                query = replace(query, nth=tally.next(injection.id, query))
            if not self._is_due(injection, query, at):
                continue
            hit = _Hit(injection, query, name)
            changed = self._changed(hit, reply, at, forwards=honest is not None)
            if changed != reply:
                hits.append(hit)
                reply = changed
        if not hits:
            return Outcome(reply)
        seen = self._seen(hits, untouched, reply, at, forwards=honest is not None)
        unseen = tuple(hit.injection.id for hit in hits if hit not in seen)
        return Outcome(reply, tuple(hit.injection.id for hit in seen), unseen)

    def _seen(self, hits: list[_Hit], untouched: Reply, reply: Reply, at: Instant, *, forwards: bool) -> list[_Hit]:
        """Those of ``hits``, each of which changed what it was handed, without which ``reply`` would not have come about.

        Of several that would do alone the last stays, since it is the one that the asker saw.
        """
        seen = hits
        for hit in hits:
            others = [other for other in seen if other is not hit]
            without = untouched
            try:
                for other in others:
                    without = self._changed(other, without, at, forwards=forwards)
            except FaultFailed:
                continue  # it cannot do without what was done before
            if _alike(without, reply):
                seen = others
        return seen

    def _is_due(self, injection: Injection[DnsTarget, DnsFault], query: Query, at: Instant) -> bool:
        """Whether the injection is for this client, for this question among those that it counts, and its dice say so."""
        where = injection.where
        if where.share is not None and not is_meant(where.share, self.seed, injection.id, query.client):
            return False
        if where.counts and not where.due(query.nth):
            return False
        chance = self.timeline.chance(injection, at)
        return chance >= 1 or throw(self.seed, injection.id, query, query.ordinal) < chance

    def _changed(self, hit: _Hit, reply: Reply, at: Instant, *, forwards: bool) -> Reply:
        """What the injection's fault makes of ``reply``. It speaks of the hit's name, to which a chain of aliases may lead."""
        injection, query, name = hit.injection, hit.query, hit.name
        way: tuple[Record, ...] = ()
        asked, handed = query, reply
        if name != query.name and isinstance(reply, Answer):
            way, handed = split(reply, name)
            asked = replace(query, name=name)
        if isinstance(handed, Answer) and (handed.look is None or way):
            handed = replace(handed, look=partial(self._look, asked, forwards))
        rng: Any = _Dice(self.seed, injection.id, query)
        try:
            changed = injection.fault.apply(asked, handed, at, rng)
        except Exception as error:
            raise FaultFailed(injection.id, f"the fault of injection {injection.id!r} failed, asked {query}") from error
        if changed == handed:
            return reply
        if isinstance(changed, Answer) and changed.error is not None and isinstance(reply, Answer):
            # Why the honest answer was an error says nothing of another answer.
            changed = (
                replace(changed, error=None)
                if changed.error is reply.error and changed.rcode != reply.rcode
                else changed
            )
        return joined(way, changed) if way else changed

    def _look(self, query: Query, forwards: bool, name: str | None = None, versions: int = 0) -> Answer | None:
        """See ``Look``."""
        if versions > len(self.history):
            return None
        zones = self.history[-versions] if versions else self.zones
        asked = query if name is None else replace(query, name=name)
        return None if forwards and zones.find(asked.name) is None else zones.answer(asked)


def _alike(one: Reply, other: Reply) -> bool:
    """Whether no asker could tell the two apart: they differ in nothing, or in less time than is felt."""
    if one == other:
        return True
    if type(one) is not type(other) or isinstance(one, Drop) or isinstance(other, Drop):
        return False
    return abs(one.delay_ns - other.delay_ns) < FELT_NS and replace(one, delay_ns=other.delay_ns) == other


def throw(seed: int, injection: str, query: Query, ordinal: int) -> float:
    """Between 0 and 1: the injection meets the question if this is below its chance."""
    return fraction(seed, injection, query.asker, query.name, query.rtype, ordinal)


class _Dice:
    """The generator of one decision, made when it is first thrown: most faults throw none, and a generator costs as much as an answer.

    So a policy that throws none has not looked at the query's ordinal either, and its answer can be a template (``dns/templates.py``).
    """

    def __init__(self, seed: int, injection: str, query: Query) -> None:
        self._identity = seed, injection, query
        self._made: random.Random | None = None

    def __getattr__(self, name: str) -> Any:
        if self._made is None:
            seed, injection, query = self._identity
            self._made = generator(seed, injection, query.asker, query.name, query.rtype, query.ordinal)
        return getattr(self._made, name)
