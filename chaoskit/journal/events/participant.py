"""What participants of a cascade tell: levels that they hold, what became of their users' wishes, who knocked at their door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from chaoskit.clock import Instant

UserOutcome: TypeAlias = Literal["served", "fallback", "late", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelMeasured:
    """From ``at`` on the participant's level ``name`` (leases held, targets in service) is ``value``, until it is measured anew."""

    kind: Literal["level_measured"] = "level_measured"
    at: Instant
    client: str
    name: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UserServed:
    """What became of one thing that a user of an app wanted.

    ``unit`` names it in the users' words (``order``, ``minute played``), ``amount`` is how many units it is. *served*: as it should be;
    *fallback*: by a substitute, such as a cache; *late*: done in the end, after its time; *lost*: not at all. ``wanted_at`` is when the
    user asked.
    """

    kind: Literal["user_served"] = "user_served"
    at: Instant
    client: str
    unit: str
    wanted_at: Instant
    outcome: UserOutcome
    amount: float = 1.0
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialAnswered:
    """A connection reached a participant's own door at ``at``; ``answered_at`` is when it was let in or refused.

    ``peer`` is the caller's ``host:port``. ``gone``: its turn came, and the caller had hung up by then.
    """

    kind: Literal["dial_answered"] = "dial_answered"
    at: Instant
    answered_at: Instant
    client: str
    peer: str
    outcome: Literal["accepted", "refused", "gone"]


ParticipantEvent: TypeAlias = LevelMeasured | UserServed | DialAnswered
"""The events of this file."""
