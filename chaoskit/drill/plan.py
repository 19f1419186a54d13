"""What the ``drill:`` part of a scenario may say: the sealed plan of a drill, as pydantic models of plain data."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from chaoskit.strict import Strict
from chaoskit.units import SECOND, Duration

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]


class TruthSpec(Strict):
    """The right diagnosis. ``since`` is the id of the injection with whose start the incident begins."""

    name: str
    mechanism: str
    scope: str
    since: str


class DiagnosisSpec(Strict):
    """The lists that a diagnosis is picked from, and what is right."""

    names: Annotated[tuple[str, ...], Field(min_length=2)]
    mechanisms: Annotated[tuple[str, ...], Field(min_length=2)]
    scopes: Annotated[tuple[str, ...], Field(min_length=2)]
    truth: TruthSpec
    since_within: Duration = Field(15 * SECOND, description="how far off 'since when' may be, either way")


class ActionSpec(Strict):
    """One thing that the operator can do: ``chaoskit operator DO SUBJECT``."""

    do: Word = Field(description="the verb, such as restore, flush-cache, throttle, restart, pause")
    subject: str = Field("", description="what it is done to, as the operator writes it; none where there is only one")
    says: str = Field("done", description="what the operator reads when it is done")
    needs: tuple[str, ...] = Field(
        (), description="actions, DO SUBJECT, of which one must have been done for this to change anything"
    )
    otherwise: str = Field("this changed nothing", description="what the operator reads where none of 'needs' was done")
    lifts: tuple[str, ...] = Field((), description="ids of the DNS injections that it ends")
    touches: tuple[str, ...] = Field((), description="host names whose records it writes")
    guards_off: tuple[str, ...] = Field((), description="guards that it switches off")
    guards_on: tuple[str, ...] = Field((), description="guards that it switches on")
    restarts: tuple[str, ...] = Field((), description="clients and apps that it starts anew")
    disarms: bool = Field(False, description="the trigger has no way in from then on")

    @property
    def words(self) -> str:
        """As the operator writes it."""
        return f"{self.do} {self.subject}".strip()


class TriggerSpec(Strict):
    """What caused the incident, to be replayed after the mitigation."""

    injection: str = Field(description="id of the DNS injection that comes again")
    lasts: Duration | None = Field(None, description="how long it is on; none: to the end of the drill")


class WatchSpec(Strict):
    """How long the drill watches after the trainee has ended, before the trigger is replayed and after it."""

    sustained: Duration = Field(4 * SECOND, description="so long no call may fail, before and after")
    settle: Duration = Field(SECOND, description="so long after the replayed trigger calls may still fail")


class CommunicationSpec(Strict):
    """What is expected of the status page. Sources of the defaults' order: docs/drills.md."""

    first_within: Duration = Field(60 * SECOND, description="the first update, counted from the first failed call")
    every: Duration = Field(90 * SECOND, description="the longest silence while calls fail")
    called: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="words of which one must be there: what customers call that which does not work"
    )
    insider_words: tuple[str, ...] = Field(
        ("NXDOMAIN", "NODATA", "SERVFAIL", "RCODE", "TTL", "enactor", "toxic", "A record", "AAAA"),
        description="words that customers do not understand",
    )


class HintSpec(Strict):
    """A rung of the ladder of hints."""

    text: str
    cost: Annotated[int, Field(ge=0, le=50)] = 5


class AlarmsSpec(Strict):
    """Red herrings: so many alarms, of which one is right."""

    count: Annotated[int, Field(ge=1, le=1000)] = 200
    right: str


class DrillSpec(Strict):
    """The sealed part of a scenario."""

    brief: Annotated[str, Field(min_length=1)] = Field(description="what the trainee is told")
    diagnosis: DiagnosisSpec
    actions: Annotated[tuple[ActionSpec, ...], Field(min_length=1)]
    guards: dict[Word, str] = Field(default_factory=dict, description="protections that must be on at the end")
    may_touch: tuple[str, ...] = Field((), description="names that may be written beside the one of the diagnosis")
    trigger: TriggerSpec
    watch: WatchSpec = Field(default_factory=WatchSpec)
    communication: CommunicationSpec
    hints: tuple[HintSpec, ...] = ()
    alarms: AlarmsSpec | None = None

    @field_validator("actions")
    @classmethod
    def _each_once(cls, actions: tuple[ActionSpec, ...]) -> tuple[ActionSpec, ...]:
        words = [action.words for action in actions]
        if twice := sorted({each for each in words if words.count(each) > 1}):
            raise ValueError(f"{', '.join(twice)} is there twice; remove one")
        return actions

    @property
    def whole_watch_ns(self) -> int:
        """How long the drill goes on after the trainee's end."""
        return 2 * self.watch.sustained + self.watch.settle + (self.trigger.lasts or 0)
