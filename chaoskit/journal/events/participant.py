"""What participants of a cascade tell: levels that they hold, what became of their users' wishes, who knocked at their door."""

from __future__ import annotations

from typing import Literal, TypeAlias

from chaoskit.journal.events._types import BaseEvent, Instant

UserOutcome: TypeAlias = Literal["served", "fallback", "late", "lost"]


class LevelMeasured(BaseEvent, frozen=True, kw_only=True, tag="level_measured"):
    """From ``at`` on the participant's level ``name`` (leases held, targets in service) is ``value``, until it is measured anew."""

    at: Instant
    client: str
    name: str
    value: float


class UserServed(BaseEvent, frozen=True, kw_only=True, tag="user_served"):
    """What became of one thing that a user of an app wanted.

    ``unit`` names it in the users' words (``order``, ``minute played``), ``amount`` is how many units it is. *served*: as it should be;
    *fallback*: by a substitute, such as a cache; *late*: done in the end, after its time; *lost*: not at all. ``wanted_at`` is when the
    user asked.
    """

    at: Instant
    client: str
    unit: str
    wanted_at: Instant
    outcome: UserOutcome
    amount: float = 1.0
    because: str = ""


class DialAnswered(BaseEvent, frozen=True, kw_only=True, tag="dial_answered"):
    """A connection reached a participant's own door at ``at``; ``answered_at`` is when it was let in or refused.

    ``peer`` is the caller's ``host:port``. ``gone``: its turn came, and the caller had hung up by then.
    """

    at: Instant
    answered_at: Instant
    client: str
    peer: str
    outcome: Literal["accepted", "refused", "gone"]


ParticipantEvent: TypeAlias = LevelMeasured | UserServed | DialAnswered
"""The events of this file."""
