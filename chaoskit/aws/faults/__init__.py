"""Service faults, one file each. The file's name is the kind and the key in YAML.

A fault is pure: it answers in the service's place, or is handed the **honest** response and returns another. It never sends, sleeps or
reads a clock; ``aws/inject.py`` does. Errors are written as the service's own protocol writes them (``aws/forms.py``).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

from chaoskit.registry import Registry

FAULTS = Registry(__name__, plugins="service")

Form: TypeAlias = Literal["json", "query", "ec2", "rest_xml", "s3", "plain"]
"""How a service writes an error; each is one of AWS's protocols, and S3 has a way of its own. *plain*: a service of the user's."""

Turn: TypeAlias = Literal["serve", "wait", "refuse"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a fault may know of a request. ``content_type`` is the request's own; JSON services answer in it."""

    service: str
    operation: str
    number: int
    form: Form
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response, and how it is sent: ``delay_ns`` later than it could be.

    ``declared`` is the Content-Length that is claimed in place of the true one. ``cut``: the connection is closed behind the body, as
    if the server had died there. ``headers`` are without Content-Length.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delay_ns: int = 0
    declared: int | None = None
    cut: bool = False


class ServiceFault(Protocol):
    """What every file under ``aws/faults/`` holds: a frozen dataclass of the fault's own parameters, and what differs from honesty."""

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    ONLY_AWS: ClassVar[bool] = False
    """Whether it means nothing to a service that is no mock of AWS."""

    def turn(self, serving: int, waiting: int) -> Turn:
        """Whether a request may be served now, given how many under this fault are ``serving`` and ``waiting`` before it."""
        return "serve"

    def refusal(self, request: Request) -> Response:
        """What is answered when ``turn`` said *refuse*."""
        return Response(503, (), b"")

    def instead(self, request: Request) -> Response | None:
        """The answer in the service's place, which then never sees the request; None lets it through."""
        return None

    def change(self, request: Request, response: Response, rng: random.Random) -> Response:
        """The response to send in place of ``response``."""
        return response
