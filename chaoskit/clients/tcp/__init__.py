"""``tcp``: a probe that connects to an address, and, where a file says so, sends a text and awaits one.

*cold* connects for every call; *warm* keeps its connections, and without anything to ``send`` a call over one of them sees only whether
the other end has closed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoskit.clients.probe import ProbePlan
from chaoskit.host_port import split_host_port


@dataclass(frozen=True, slots=True, kw_only=True)
class Tcp(ProbePlan):
    """``address`` is ``host:port``. A call has failed whose answer ends, or reaches 64 KiB, without the text ``holds``."""

    FIELDS: ClassVar[tuple[str, ...]] = ("address", "send")
    EXPECTS: ClassVar[tuple[str, ...]] = ("body", "latency")

    address: str | None = None
    send: str | None = None
    holds: str | None = None

    def __post_init__(self) -> None:
        ProbePlan.__post_init__(self)
        if not self.address:
            raise self.refusal("needs 'address'", "write one like db.example.internal:5432")
        try:
            split_host_port(self.address)
        except ValueError as error:
            raise self.refusal(f"cannot connect: {error}", "write one like db.example.internal:5432") from error

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        return split_host_port(self.address or "")
