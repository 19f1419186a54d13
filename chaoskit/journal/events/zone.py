"""Events of zones that change while a run goes on: by dynamic updates (RFC 2136), and in a hosted zone of Route 53."""

from __future__ import annotations

from typing import Literal, TypeAlias

from chaoskit.journal.events._types import BaseEvent, Instant, Record, Whole


class ServedRecord(Record, frozen=True, kw_only=True):
    """One record of a name: ``ttl`` in seconds, ``data`` in presentation form."""

    rtype: str
    ttl: Whole
    data: str


class NameChange(Record, frozen=True, kw_only=True):
    """What a change did to one name: its records before and after. ``exists`` false: afterwards the name does not exist (NXDOMAIN)."""

    name: str
    exists: bool
    before: tuple[ServedRecord, ...] = ()
    after: tuple[ServedRecord, ...] = ()


class ZoneChanged(BaseEvent, frozen=True, kw_only=True, tag="zone_changed"):
    """The DNS server serves another version of ``zone`` from ``at`` on; all of ``changes`` came into force together.

    ``source`` says whose change it was: a dynamic update, a hosted zone that is followed, or whole zones that the control API put.
    ``author`` names who: the TSIG key or the sender's ``address:port`` of an update, the change id of a hosted zone's. ``lag_ns``
    is how long after it came into force in a hosted zone it is served; None for an update.
    """

    at: Instant
    zone: str
    serial: Whole
    source: Literal["update", "route53", "control"]
    author: str
    changes: tuple[NameChange, ...]
    lag_ns: Whole | None = None


class UpdateAnswered(BaseEvent, frozen=True, kw_only=True, tag="update_answered"):
    """A dynamic update (RFC 2136) and its answer. ``because`` says, for people, what was wrong with one that failed.

    ``key`` is the TSIG key that signed it, empty without one. ``prerequisites`` and ``updates`` count its records.
    """

    at: Instant
    answered_at: Instant
    asker: str
    peer: str
    transport: Literal["udp", "tcp"]
    zone: str
    key: str
    prerequisites: Whole
    updates: Whole
    rcode: str
    because: str = ""


class SetChange(Record, frozen=True, kw_only=True):
    """One change of a batch: the action, and the record set as it was written. ``alias`` is its target's name, if it is an alias."""

    action: str
    name: str
    rtype: str
    identifier: str = ""
    values: tuple[str, ...] = ()
    alias: str = ""


class ServedName(Record, frozen=True, kw_only=True):
    """What a hosted zone serves at one name; ``exists`` false: nothing, and the name is gone."""

    name: str
    exists: bool
    records: tuple[ServedRecord, ...] = ()


class HostedZoneChanged(BaseEvent, frozen=True, kw_only=True, tag="hosted_zone_changed"):
    """Route 53 accepted ``change`` at ``at``; from ``effective_at`` on it is in sync, and its name servers answer so.

    ``request`` is the number of the ``RequestArrived`` that brought it, 0 for a zone's first state. ``version`` counts a zone's changes.
    ``names`` has what is served at each name for which that differs from the version before.
    """

    at: Instant
    effective_at: Instant
    zone: str
    zone_id: str
    version: Whole
    change: str
    request: Whole
    changes: tuple[SetChange, ...] = ()
    names: tuple[ServedName, ...] = ()


ZoneEvent: TypeAlias = ZoneChanged | UpdateAnswered | HostedZoneChanged
"""The events of this file."""
