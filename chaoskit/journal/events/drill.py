"""A drill: what the trainee was told, did, diagnosed and published, and what the drill itself did to see whether it holds."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from chaoskit.journal.events._types import BaseEvent, Instant, Whole

Role: TypeAlias = Literal["alone", "operator", "communicator", "scribe", "facilitator"]
"""Who of a team asked for it; ``alone`` is one person, or a program, in all roles but the facilitator's."""


class DrillBegan(BaseEvent, frozen=True, kw_only=True, tag="drill_began"):
    """The head of a drill. ``plan`` is the sealed part of the scenario's file as plain JSON, so the journal alone can be judged again."""

    at: Instant
    scenario: str
    plan: dict[str, Any]
    responder: Literal["person", "program"]


class OperatorActed(BaseEvent, frozen=True, kw_only=True, tag="operator_acted"):
    """An action of the operator's, done when ``at`` says.

    ``lifted`` are the injections that it ended, ``touched`` the host names whose records it wrote; ``guards_off`` and ``guards_on`` are
    the protections that it switched, ``restarted`` the clients and apps that it started anew, and ``ordered`` what it ordered of which
    client, as ``CLIENT ORDER``. ``disarmed``: the trigger has no way in now; ``armed``: it has one again.
    """

    at: Instant
    action: str
    subject: str
    lifted: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    guards_off: tuple[str, ...] = ()
    guards_on: tuple[str, ...] = ()
    restarted: tuple[str, ...] = ()
    disarmed: bool = False
    ordered: tuple[str, ...] = ()
    armed: bool = False
    role: Role = "alone"


class OperatorRefused(BaseEvent, frozen=True, kw_only=True, tag="operator_refused"):
    """A request of the operator's that the scenario does not offer, or that could not be obeyed."""

    at: Instant
    request: str
    because: str
    role: Role = "alone"


class DiagnosisGiven(BaseEvent, frozen=True, kw_only=True, tag="diagnosis_given"):
    """A diagnosis, picked from the scenario's lists; ``since`` is the instant at which the trouble is said to have begun."""

    at: Instant
    name: str
    mechanism: str
    scope: str
    since: Instant
    role: Role = "alone"


class StatusPosted(BaseEvent, frozen=True, kw_only=True, tag="status_posted"):
    """An update on the status page. ``next_by`` is when the next was promised; None: none was."""

    at: Instant
    text: str
    next_by: Instant | None = None
    resolved: bool = False
    role: Role = "alone"


class HintTaken(BaseEvent, frozen=True, kw_only=True, tag="hint_taken"):
    """A hint was asked for, or the facilitator gave it; ``cost`` is in points."""

    at: Instant
    number: Whole
    cost: Whole
    role: Role = "alone"


class OperatorDone(BaseEvent, frozen=True, kw_only=True, tag="operator_done"):
    """The trainee says that the incident is over."""

    at: Instant
    role: Role = "alone"


class NoteTaken(BaseEvent, frozen=True, kw_only=True, tag="note_taken"):
    """What the scribe wrote down, for the debrief's timeline."""

    at: Instant
    text: str
    role: Role = "scribe"


class DrillHeld(BaseEvent, frozen=True, kw_only=True, tag="drill_held"):
    """The facilitator holds the drill: until ``DrillResumed`` nobody else is obeyed, and no rule of communication counts the time."""

    at: Instant


class DrillResumed(BaseEvent, frozen=True, kw_only=True, tag="drill_resumed"):
    """The hold is over."""

    at: Instant


class DrillAborted(BaseEvent, frozen=True, kw_only=True, tag="drill_aborted"):
    """The facilitator ended the drill before its time; what happened until then stays in the journal, and nothing is watched after it."""

    at: Instant
    because: str


class WatchBegan(BaseEvent, frozen=True, kw_only=True, tag="watch_began"):
    """The trainee's shell or program has ended; from now the drill watches whether the recovery lasts. ``time_up``: it was ended."""

    at: Instant
    time_up: bool


class TriggerReplayed(BaseEvent, frozen=True, kw_only=True, tag="trigger_replayed"):
    """What had caused the incident came again: as the fault ``injection``, or by ``orders`` to clients, each as ``CLIENT ORDER``.

    Neither: what was done had disarmed it.
    """

    at: Instant
    injection: str | None
    ends: Instant
    orders: tuple[str, ...] = ()


class DrillEnded(BaseEvent, frozen=True, kw_only=True, tag="drill_ended"):
    """The watch is over."""

    at: Instant


DrillEvent: TypeAlias = (
    DrillBegan
    | OperatorActed
    | OperatorRefused
    | DiagnosisGiven
    | StatusPosted
    | HintTaken
    | OperatorDone
    | NoteTaken
    | DrillHeld
    | DrillResumed
    | DrillAborted
    | WatchBegan
    | TriggerReplayed
    | DrillEnded
)
