"""``go``: AWS's SDK for Go v2, unmodified, in a static binary, so with Go's own resolver in place of libc's.

Go's resolver reads /etc/resolv.conf as libc does, but asks for A and AAAA from two sockets: the query log shows two lookups where
other clients make one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from chaoskit.clients.build import Recipe, Tool
from chaoskit.clients.sdk import SdkPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Go(SdkPlan):
    """What one Go client does; see ``SdkPlan``.

    ``connect_timeout`` bounds the dial (look-up included) and, apart from it, the TLS handshake; ``read_timeout`` is the transport's
    ``ResponseHeaderTimeout``.
    """

    OPERATIONS: ClassVar[Mapping[str, str]] = {"dynamodb": "GetItem", "sts": "GetCallerIdentity"}

    @staticmethod
    def recipes() -> tuple[Recipe, ...]:
        """How it is built."""
        return (
            Recipe(
                name="go",
                what="AWS SDK for Go v2",
                folder=Path(__file__).parent,
                sources=("go.mod", "go.sum", "main.go", "contract.go"),
                tools=(Tool("go", ("version",), (1, 24), "go.dev/dl"),),
                steps=lambda _: [["go", "build", "-trimpath", "-mod=readonly", "-o", "client", "."]],
                environment=(("CGO_ENABLED", "0"), ("GOWORK", "off")),
            ),
        )

    def recipe(self) -> Recipe:
        """The build that this plan needs."""
        return self.recipes()[0]

    def argv(self, built: Path) -> list[str]:
        """The command of its process."""
        return [str(built / "client")]
