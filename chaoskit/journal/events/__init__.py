"""Everything that can happen in a run: a closed union of frozen events.

``at`` is when it happened, in nanoseconds on the shared monotonic base (``chaoskit.clock``). Starts and finishes are both written, so a
client that was killed leaves an open call rather than a gap. The JSON form of an event is its fields, ``kind`` included; the journal adds
``seq``. Fields may be added with a default; a field's meaning never changes without a new ``SCHEMA_VERSION``.

Each domain has a file, which ends with the union of its events; the union of all is assembled here and nowhere else.
"""

from __future__ import annotations

from typing import TypeAlias, get_args

from chaoskit.journal.events._types import LARGEST, Record, Result
from chaoskit.journal.events.app import AppEnded, AppEvent, AppReady, AppStarted
from chaoskit.journal.events.client import (
    AttemptFinished,
    AttemptStarted,
    CallFinished,
    CallStarted,
    ClientEvent,
    ClientReady,
    CommandFinished,
    CommandStarted,
    ErrorLink,
    HealthChecked,
    ResolverCacheSeen,
    SocketHeld,
)
from chaoskit.journal.events.container import ContainerChange, ContainerChanged, ContainerEvent, ContainersWatched
from chaoskit.journal.events.dns import DnsEvent, QueryAnswered
from chaoskit.journal.events.drill import (
    DiagnosisGiven,
    DrillAborted,
    DrillBegan,
    DrillEnded,
    DrillEvent,
    DrillHeld,
    DrillResumed,
    HintTaken,
    NoteTaken,
    OperatorActed,
    OperatorDone,
    OperatorRefused,
    Role,
    StatusPosted,
    TriggerReplayed,
    WatchBegan,
)
from chaoskit.journal.events.participant import (
    DialAnswered,
    LevelMeasured,
    ParticipantEvent,
    UserOutcome,
    UserServed,
)
from chaoskit.journal.events.process import PlaneStalled, ProcessEnded, ProcessEvent
from chaoskit.journal.events.proxy import (
    ConnectionClosed,
    ConnectionOpened,
    ControlRequestRefused,
    HandshakesDropped,
    ProxyEvent,
)
from chaoskit.journal.events.race import CompareAndSwapTested, RaceEvent, RaceStep
from chaoskit.journal.events.run import (
    SCHEMA_VERSION,
    WORK_NS,
    AbortConditionMet,
    CanaryChecked,
    HarnessFailed,
    HoldBegun,
    HoldReleased,
    InjectionApplied,
    InjectionCut,
    InjectionLifted,
    InjectionPlanned,
    PlaneReady,
    RunEnded,
    RunEvent,
    RunStarted,
    SandboxReady,
    TimelineArmed,
)
from chaoskit.journal.events.service import (
    RequestAnswered,
    RequestArrived,
    ServiceEvent,
)
from chaoskit.journal.events.zone import (
    HostedZoneChanged,
    NameChange,
    ServedName,
    ServedRecord,
    SetChange,
    UpdateAnswered,
    ZoneChanged,
    ZoneEvent,
)

__all__ = [
    "EVENT_TYPES",
    "LARGEST",
    "SCHEMA_VERSION",
    "WORK_NS",
    "AbortConditionMet",
    "AppEnded",
    "AppEvent",
    "AppReady",
    "AppStarted",
    "AttemptFinished",
    "AttemptStarted",
    "CallFinished",
    "CallStarted",
    "CanaryChecked",
    "ClientEvent",
    "ClientReady",
    "CommandFinished",
    "CommandStarted",
    "CompareAndSwapTested",
    "ConnectionClosed",
    "ConnectionOpened",
    "ContainerChange",
    "ContainerChanged",
    "ContainerEvent",
    "ContainersWatched",
    "ControlRequestRefused",
    "DiagnosisGiven",
    "DialAnswered",
    "DnsEvent",
    "DrillAborted",
    "DrillBegan",
    "DrillEnded",
    "DrillEvent",
    "DrillHeld",
    "DrillResumed",
    "Entry",
    "ErrorLink",
    "Event",
    "HandshakesDropped",
    "HarnessFailed",
    "HealthChecked",
    "HintTaken",
    "HoldBegun",
    "HoldReleased",
    "HostedZoneChanged",
    "InjectionApplied",
    "InjectionCut",
    "InjectionLifted",
    "InjectionPlanned",
    "LevelMeasured",
    "NameChange",
    "NoteTaken",
    "OperatorActed",
    "OperatorDone",
    "OperatorRefused",
    "ParticipantEvent",
    "PlaneReady",
    "PlaneStalled",
    "ProcessEnded",
    "ProcessEvent",
    "ProxyEvent",
    "QueryAnswered",
    "RaceEvent",
    "RaceStep",
    "Record",
    "RequestAnswered",
    "RequestArrived",
    "ResolverCacheSeen",
    "Result",
    "Role",
    "RunEnded",
    "RunEvent",
    "RunStarted",
    "SandboxReady",
    "ServedName",
    "ServedRecord",
    "ServiceEvent",
    "SetChange",
    "SocketHeld",
    "StatusPosted",
    "TimelineArmed",
    "TriggerReplayed",
    "UpdateAnswered",
    "UserOutcome",
    "UserServed",
    "WatchBegan",
    "ZoneChanged",
    "ZoneEvent",
]
Event: TypeAlias = (
    RunEvent
    | DnsEvent
    | ProxyEvent
    | ServiceEvent
    | ClientEvent
    | AppEvent
    | ProcessEvent
    | ContainerEvent
    | ZoneEvent
    | ParticipantEvent
    | DrillEvent
    | RaceEvent
)

EVENT_TYPES: tuple[type, ...] = get_args(Event)
"""Every class of the union, for codecs and tests."""


class Entry(Record, frozen=True):
    """An event in its place in the journal; ``seq`` counts from 1 without gaps."""

    seq: int
    event: Event
