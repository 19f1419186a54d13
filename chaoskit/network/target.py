"""Where a toxic bites: the service whose proxies get it, and which stream of a connection."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

Stream: TypeAlias = Literal["downstream", "upstream"]
"""*Downstream* flows from the service to the client, *upstream* from the client to the service (Toxiproxy's words)."""


@dataclass(frozen=True, slots=True)
class NetworkTarget:
    """All proxies in front of ``service``: there is one for each address of a service.

    ``zone`` narrows that to the addresses of one availability zone, ``addresses`` to those in these prefixes (CIDR, or single addresses).
    Raises ``ValueError`` for what is no prefix.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    service: str
    stream: Stream = "downstream"
    zone: int | None = None
    addresses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for prefix in self.addresses:
            try:
                ipaddress.ip_network(prefix)
            except ValueError as error:
                raise ValueError(f"addresses: {error}; write for example 127.0.1.1 or 127.0.1.0/24") from None

    def holds(self, host: str) -> bool:
        """Whether the service's address ``host`` is one that is meant."""
        if not self.addresses:
            return True
        address = ipaddress.ip_address(host)
        return any(address in ipaddress.ip_network(prefix) for prefix in self.addresses)

    @property
    def is_narrowed(self) -> bool:
        """Whether some proxies of the service may be left out."""
        return self.zone is not None or bool(self.addresses)

    def describe(self) -> str:
        """For people."""
        zone = f", zone {self.zone}" if self.zone is not None else ""
        return f"{self.service}, {self.stream}{zone}" + (f", at {' '.join(self.addresses)}" if self.addresses else "")
