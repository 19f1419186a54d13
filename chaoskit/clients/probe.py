"""Probes: clients that ask a service of the user's own over and over, in one process for many calls at once.

A probe's folder has its plan (a ``ProbePlan``) and its process (a ``ProbeWorkload``). What all have in common is here: pace, time-out,
the connection that is kept or not, and what an answer must be.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeVar

from chaoskit.clients.client_plan import ClientPlan
from chaoskit.units import MILLISECOND, SECOND

P = TypeVar("P", bound="ProbePlan")

HTTP_PROBES = ("http", "aiohttp", "httpx", "curl")
"""Those whose answers have a status."""

PROBES = (*HTTP_PROBES, "postgres", "redis", "tcp")

COMMON = ("use", "connection", "every", "rate", "concurrency", "timeout", "expect")
"""Fields of an experiment file that every probe knows."""

CALL_FIELD = "Chaoskit-Call"
"""The header field of an HTTP request that says which call it belongs to, so that what arrives can be joined with what was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePlan(ClientPlan):
    """What one probe does. ``connection``: *cold* opens a connection for every call, *warm* keeps those that it has.

    ``concurrency`` bounds the calls under way at once, ``timeout_ns`` the length of one. A call that lasts longer than ``latency_ns`` has
    failed, although it was answered; None: there is no such bound.
    """

    FIELDS: ClassVar[tuple[str, ...]]
    """The fields of an experiment file that it knows beside ``COMMON``."""

    EXPECTS: ClassVar[tuple[str, ...]] = ("latency",)
    """The fields of ``expect`` that it knows."""

    PACKAGES: ClassVar[tuple[str, ...]] = ()
    """The third-party modules that it needs, which come with the extra of the probe's name."""

    PROGRAM: ClassVar[str | None] = None
    """The program that makes its calls, unless its plan names another; None: it makes them itself."""

    CONNECTIONS: ClassVar[tuple[str, ...]] = ("cold", "warm")

    RESOLVER: ClassVar[str | None] = None
    """What looks names up by itself, past the system's resolver; None: that is asked."""

    connection: str = "warm"
    every_ns: int = 250 * MILLISECOND
    concurrency: int = 1
    timeout_ns: int = 10 * SECOND
    latency_ns: int | None = None

    def __post_init__(self) -> None:
        if self.connection not in self.CONNECTIONS:
            raise self.refusal(
                f"has no connection {self.connection!r}",
                f"use {' or '.join(self.CONNECTIONS)}; for bursts there is 'concurrency'",
            )

    @classmethod
    def from_json(cls: type[P], plan: dict[str, Any]) -> P:
        """The plan of a first line; settings of other clients in it are left aside. Raises ``PlaneError`` for one that cannot be."""
        cls.check_labelled(plan)
        known = {field.name for field in fields(cls)}
        settings: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in plan.items() if name in known
        }
        return cls(**settings)
