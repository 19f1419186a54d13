"""A drill: what the trainee was told, did, diagnosed and published, and what the drill itself did to see whether it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from chaoskit.clock import Instant

Role: TypeAlias = Literal["alone", "operator", "communicator", "scribe", "facilitator"]
"""Who of a team asked for it; ``alone`` is one person, or a program, in all roles but the facilitator's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillBegan:
    """The head of a drill. ``plan`` is the sealed part of the scenario's file as plain JSON, so the journal alone can be judged again."""

    kind: Literal["drill_began"] = "drill_began"
    at: Instant
    scenario: str
    plan: dict[str, Any]
    responder: Literal["person", "program"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorActed:
    """An action of the operator's, done when ``at`` says.

    ``lifted`` are the injections that it ended, ``touched`` the host names whose records it wrote; ``guards_off`` and ``guards_on`` are
    the protections that it switched, ``restarted`` the clients and apps that it started anew, and ``ordered`` what it ordered of which
    client, as ``CLIENT ORDER``. ``disarmed``: the trigger has no way in now; ``armed``: it has one again.
    """

    kind: Literal["operator_acted"] = "operator_acted"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRefused:
    """A request of the operator's that the scenario does not offer, or that could not be obeyed."""

    kind: Literal["operator_refused"] = "operator_refused"
    at: Instant
    request: str
    because: str
    role: Role = "alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisGiven:
    """A diagnosis, picked from the scenario's lists; ``since`` is the instant at which the trouble is said to have begun."""

    kind: Literal["diagnosis_given"] = "diagnosis_given"
    at: Instant
    name: str
    mechanism: str
    scope: str
    since: Instant
    role: Role = "alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPosted:
    """An update on the status page. ``next_by`` is when the next was promised; None: none was."""

    kind: Literal["status_posted"] = "status_posted"
    at: Instant
    text: str
    next_by: Instant | None = None
    resolved: bool = False
    role: Role = "alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class HintTaken:
    """A hint was asked for, or the facilitator gave it; ``cost`` is in points."""

    kind: Literal["hint_taken"] = "hint_taken"
    at: Instant
    number: int
    cost: int
    role: Role = "alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorDone:
    """The trainee says that the incident is over."""

    kind: Literal["operator_done"] = "operator_done"
    at: Instant
    role: Role = "alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTaken:
    """What the scribe wrote down, for the debrief's timeline."""

    kind: Literal["note_taken"] = "note_taken"
    at: Instant
    text: str
    role: Role = "scribe"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillHeld:
    """The facilitator holds the drill: until ``DrillResumed`` nobody else is obeyed, and no rule of communication counts the time."""

    kind: Literal["drill_held"] = "drill_held"
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillResumed:
    """The hold is over."""

    kind: Literal["drill_resumed"] = "drill_resumed"
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillAborted:
    """The facilitator ended the drill before its time; what happened until then stays in the journal, and nothing is watched after it."""

    kind: Literal["drill_aborted"] = "drill_aborted"
    at: Instant
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchBegan:
    """The trainee's shell or program has ended; from now the drill watches whether the recovery lasts. ``time_up``: it was ended."""

    kind: Literal["watch_began"] = "watch_began"
    at: Instant
    time_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerReplayed:
    """What had caused the incident came again: as the fault ``injection``, or by ``orders`` to clients, each as ``CLIENT ORDER``.

    Neither: what was done had disarmed it.
    """

    kind: Literal["trigger_replayed"] = "trigger_replayed"
    at: Instant
    injection: str | None
    ends: Instant
    orders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillEnded:
    """The watch is over."""

    kind: Literal["drill_ended"] = "drill_ended"
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
