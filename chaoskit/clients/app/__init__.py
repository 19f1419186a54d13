"""``app``: a small application with a health endpoint, as people write them: it calls the service, and which errors it catches decides
what ``/health`` says. In Python on boto3, or in JavaScript on AWS's SDK v3.

An error whose class, or a class that it derives from, is in ``health_counts`` turns the endpoint to 503; a call that succeeds turns it to
200; any other error is logged and changes nothing. On 20 October 2025 that is what kept health checks from failing over: they waited
for a ``ServiceException``, and a name without addresses is none (aws-sdk-js-v3 issue 7480; in boto3 it is no ``ClientError``). A poller
asks the endpoint over HTTP ten times a second and tells every answer.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from chaoskit.clients.build import Recipe
from chaoskit.clients.javascript import NODE, Javascript
from chaoskit.clients.sdk import SdkPlan
from chaoskit.errors import InputError
from chaoskit.units import MILLISECOND

POLL_EVERY_NS = 100 * MILLISECOND
POLL_TIMEOUT_S = 1.0

DEFAULT_COUNTS = {"python": ("ClientError",), "javascript": ("ServiceException",)}
"""What the health checks of that day waited for: an error that the service itself has told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App(SdkPlan):
    """What one application does; ``health_counts`` empty is its language's ``DEFAULT_COUNTS``. See ``SdkPlan`` for the rest."""

    OPERATIONS: ClassVar[Mapping[str, str]] = {"dynamodb": "GetItem"}
    CONNECTIONS: ClassVar[tuple[str, ...]] = ("cold", "warm")
    RETRY_MODES: ClassVar[tuple[str, ...]] = ("legacy", "standard", "adaptive")

    HAS_HEALTH: ClassVar[bool] = True
    """It has a health endpoint, which is asked in every run."""

    language: str = "python"
    health_counts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        SdkPlan.__post_init__(self)
        if self.language not in DEFAULT_COUNTS:
            raise self.refusal(f"has no language {self.language!r}", "use python or javascript")
        if self.language == "javascript" and self.retry_mode == "legacy":
            raise self.refusal("has no retry_mode 'legacy' in JavaScript", "use standard or adaptive")

    @property
    def counts(self) -> tuple[str, ...]:
        """The names of the classes that count."""
        return tuple(self.health_counts) or DEFAULT_COUNTS[self.language]

    @staticmethod
    def recipes() -> tuple[Recipe, ...]:
        """None of its own: in JavaScript it runs on the build of the client ``javascript``."""
        return ()

    def recipe(self) -> Recipe | None:
        """The build that this plan needs; None for Python."""
        return Javascript.recipes()[0] if self.language == "javascript" else None

    def argv(self, built: Path) -> list[str]:
        """The command of its process, on that build."""
        if (node := shutil.which("node")) is None:
            raise InputError(f"client {self.client}: {NODE.missing()}")
        return [node, str(Path(__file__).with_name("app.mjs")), str(built)]
