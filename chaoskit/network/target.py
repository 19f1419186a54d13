"""Where a toxic bites: the service whose proxies get it, and which stream of a connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

Stream: TypeAlias = Literal["downstream", "upstream"]
"""*Downstream* flows from the service to the client, *upstream* from the client to the service (Toxiproxy's words)."""


@dataclass(frozen=True, slots=True)
class NetworkTarget:
    """All proxies in front of ``service``, or those of one availability ``zone``; there is a proxy for each address of a service."""

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    service: str
    stream: Stream = "downstream"
    zone: int | None = None

    def describe(self) -> str:
        """For people."""
        return f"{self.service}, {self.stream}" + (f", zone {self.zone}" if self.zone is not None else "")
