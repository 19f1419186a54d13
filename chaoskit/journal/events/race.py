"""Events of a live race: what planner, enactors and operator asked of the Route 53 API, and what they were answered."""

from __future__ import annotations

from typing import TypeAlias

from chaoskit.journal.events._types import BaseEvent, Instant, Whole


class RaceStep(BaseEvent, frozen=True, kw_only=True, tag="race_step"):
    """One API call of the participant ``client``: sent at ``asked_at``, answered ``at``. It was due at ``due_at`` (0: not told).

    ``step`` counts its calls from 1. ``endpoint`` is the DNS name that the call is about, empty for all of them. ``change`` is
    Route 53's id of a batch that was accepted, by which ``HostedZoneChanged`` and ``ZoneChanged`` name it. ``reads`` are the steps
    of the same participant whose answers a batch is based on, oldest first. ``call`` and ``answer`` are for people. ``refusal`` is why the
    control plane refused a batch, as ``chaoskit.race.calls.Reason`` has it; empty for whatever else was answered. ``operation`` is the
    call's class in ``chaoskit.race.calls``.
    """

    at: Instant
    asked_at: Instant
    client: str
    step: Whole
    call: str
    endpoint: str
    answer: str
    refusal: str = ""
    change: str = ""
    reads: tuple[Whole, ...] = ()
    operation: str = ""
    due_at: Instant = 0


class CompareAndSwapTested(BaseEvent, frozen=True, kw_only=True, tag="compare_and_swap_tested"):
    """Before the race began, ``client`` tried whether compare-and-swap holds at the Route 53 API. ``because`` is for people."""

    at: Instant
    client: str
    held: bool
    because: str


RaceEvent: TypeAlias = RaceStep | CompareAndSwapTested
"""The events of this file."""
