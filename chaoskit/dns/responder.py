"""What is answered, and why: pure. The server asks it at each query; nothing toggles and no timer races."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from chaoskit.clock import Instant
from chaoskit.dns.faults import DnsFault
from chaoskit.dns.message import Answer, Query, Reply
from chaoskit.dns.question_counter import QuestionCounter
from chaoskit.dns.target import DnsTarget
from chaoskit.dns.zone import Zones
from chaoskit.seeds import fraction, generator
from chaoskit.timeline.injection import Timeline

MAX_HISTORY = 16


@dataclass(frozen=True, slots=True)
class Responder:
    """Zones and faults, without state. ``seed`` is the run's. ``history`` has the zones as they were before, the latest last."""

    zones: Zones
    timeline: Timeline[DnsTarget, DnsFault]
    seed: int
    history: tuple[Zones, ...] = ()

    def with_zones(self, zones: Zones) -> Responder:
        """The responder after a change to ``zones``, if it is one; it remembers the last ``MAX_HISTORY`` states before."""
        if zones is self.zones:
            return self
        before = (self.zones,) if self.zones.zones else ()  # a server that has no zones yet has no past
        return replace(self, zones=zones, history=(*self.history, *before)[-MAX_HISTORY:])

    def respond(
        self, query: Query, at: Instant, honest: Answer | None = None, tally: QuestionCounter | None = None
    ) -> tuple[Reply, tuple[str, ...]]:
        """The reply to ``query`` at ``at``, and the ids of the injections that changed it, in the order written.

        ``honest`` is what the faults are handed where our zones have no say: an upstream's answer. ``tally`` numbers the
        questions for each injection; without one the query's own ``nth`` holds.

        Dice derive from the seed, the injection and the question's identity: its asker, name, type, and ordinal among the questions of
        that asker. So they fall alike in a replay however the clients' packets interleave.
        """
        reply: Reply = self.zones.answer(query) if honest is None else honest
        met: list[str] = []
        for injection in self.timeline.active(at):
            if not injection.where.matches(query):
                continue
            if tally is not None:
                query = replace(query, nth=tally.next(injection.id, query))
            if injection.where.counts and not injection.where.due(query.nth):
                continue
            rng: Any = _Dice(self.seed, injection.id, query)
            chance = self.timeline.chance(injection, at)
            if chance < 1 and throw(self.seed, injection.id, query, query.ordinal) >= chance:
                continue
            if isinstance(reply, Answer) and reply.look is None:
                reply = replace(reply, look=partial(self._look, query, honest is not None))
            try:
                changed = injection.fault.apply(query, reply, at, rng)
            except Exception as error:
                error.add_note(f"in injection {injection.id!r}, asked {query}")
                raise
            if changed != reply:
                met.append(injection.id)
                reply = changed
        return reply, tuple(met)

    def _look(self, query: Query, forwards: bool, name: str | None = None, versions: int = 0) -> Answer | None:
        """See ``Look``."""
        if versions > len(self.history):
            return None
        zones = self.history[-versions] if versions else self.zones
        asked = query if name is None else replace(query, name=name)
        return None if forwards and zones.find(asked.name) is None else zones.answer(asked)


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
