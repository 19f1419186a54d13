"""What the ``drill:`` part of a scenario may say: the sealed plan of a drill, as pydantic models of plain data."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from chaoskit.strict import Strict
from chaoskit.units import SECOND, Duration

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]


class TruthSpec(Strict):
    """The right diagnosis, and where the incident begins: with the start of the injection ``since``, or when the DNS server first serves
    the name ``emptied`` without an address."""

    name: str
    mechanism: str
    scope: str
    since: str = Field("", description="id of the injection with whose start the incident begins")
    emptied: str = Field(
        "", description="host name with whose first empty record the incident begins, in place of 'since'"
    )

    @model_validator(mode="after")
    def _begins_once(self) -> TruthSpec:
        if bool(self.since) == bool(self.emptied):
            raise ValueError("write one of 'since' and 'emptied': with what the incident begins")
        return self


class DiagnosisSpec(Strict):
    """The lists that a diagnosis is picked from, and what is right."""

    names: Annotated[tuple[str, ...], Field(min_length=2)]
    mechanisms: Annotated[tuple[str, ...], Field(min_length=2)]
    scopes: Annotated[tuple[str, ...], Field(min_length=2)]
    truth: TruthSpec
    since_within: Duration = Field(15 * SECOND, description="how far off 'since when' may be, either way")


class OrderSpec(Strict):
    """An order to a client that obeys some, such as a lease manager (``use: participant``) or an enactor (``use: race``)."""

    to: str = Field(description="label of the client")
    order: Word = Field(description="what it is to do, such as throttle, pause or repair")

    @property
    def words(self) -> str:
        """As the journal has it."""
        return f"{self.to} {self.order}"


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
    orders: tuple[OrderSpec, ...] = Field((), description="orders to clients, which their processes obey")
    disarms: bool = Field(False, description="the trigger has no way in from then on")
    arms: bool = Field(False, description="the trigger has a way in again, which another action had taken from it")

    @property
    def words(self) -> str:
        """As the operator writes it."""
        return f"{self.do} {self.subject}".strip()


class TriggerSpec(Strict):
    """What caused the incident, to be replayed after the mitigation: a DNS injection, or orders to clients."""

    injection: str = Field("", description="id of the DNS injection that comes again")
    orders: tuple[OrderSpec, ...] = Field((), description="orders to clients, in place of an injection")
    lasts: Duration | None = Field(None, description="how long it is on; none: to the end of the drill")

    @model_validator(mode="after")
    def _is_one(self) -> TriggerSpec:
        if bool(self.injection) == bool(self.orders):
            raise ValueError("write one of 'injection' and 'orders': what comes again")
        return self


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


class LevelSpec(Strict):
    """A level that a client tells of itself, such as the leases that it holds, and where it is well."""

    client: str
    level: str
    at_least: float


class GuardSpec(Strict):
    """A protection that is a part's own switch: it is on where the client tells the level 1."""

    what: str
    client: str
    level: str


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
    guards: dict[Word, str | GuardSpec] = Field(
        default_factory=dict,
        description="protections that must be on at the end: a text, for one that actions switch, or {what, client, level}",
    )
    customers: tuple[str, ...] = Field(
        (), description="clients that are customers, whose calls are judged; default: all"
    )
    healthy: tuple[LevelSpec, ...] = Field(
        (), description="levels without which nobody is well, beside the customers' calls"
    )
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
    def protections(self) -> dict[str, str]:
        """What each guard protects, in words."""
        return {name: guard if isinstance(guard, str) else guard.what for name, guard in self.guards.items()}

    @property
    def whole_watch_ns(self) -> int:
        """How long the drill goes on after the trainee's end."""
        return 2 * self.watch.sustained + self.watch.settle + (self.trigger.lasts or 0)
