"""``javascript``: AWS's SDK for JavaScript v3 on Node.js, unmodified, pinned with its ``@smithy/core`` by a lock file.

The retry policy lives in ``@smithy/core``: who pins the client package alone has not pinned its retries.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from chaoskit.clients.build import Recipe, Tool
from chaoskit.clients.sdk import SdkPlan
from chaoskit.errors import InputError

NODE = Tool("node", ("--version",), (20, 0), "nodejs.org")


@dataclass(frozen=True, slots=True, kw_only=True)
class Javascript(SdkPlan):
    """What one JavaScript client does; see ``SdkPlan``."""

    OPERATIONS: ClassVar[Mapping[str, str]] = {"dynamodb": "GetItem", "sts": "GetCallerIdentity"}

    @staticmethod
    def recipes() -> tuple[Recipe, ...]:
        """How it is built."""
        return (
            Recipe(
                name="javascript",
                what="AWS SDK for JavaScript v3",
                folder=Path(__file__).parent,
                sources=("package.json", "package-lock.json", "client.mjs", "contract.mjs"),
                tools=(NODE, Tool("npm", get="Debian: npm")),
                steps=lambda _: [["npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]],
            ),
        )

    def recipe(self) -> Recipe:
        """The build that this plan needs."""
        return self.recipes()[0]

    def argv(self, built: Path) -> list[str]:
        """The command of its process."""
        if (node := shutil.which("node")) is None:
            raise InputError(f"client {self.client}: {NODE.missing()}")
        return [node, str(built / "client.mjs")]
