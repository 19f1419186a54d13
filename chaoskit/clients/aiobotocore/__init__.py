"""``aiobotocore``: botocore on asyncio and aiohttp, pinned, in an environment of its own, because it wants a botocore of its own.

Retries are botocore's. Names are looked up by aiohttp: on the system's resolver, because aiodns is not in that environment. aiohttp keeps
an address for 10 s whatever its TTL is. So a blank that is over by then is not noticed, even where each call opens a connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from chaoskit.clients.boto3 import CALLS
from chaoskit.clients.build import Recipe
from chaoskit.clients.environments import module_argv, python_recipe
from chaoskit.clients.sdk import SdkPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Aiobotocore(SdkPlan):
    """What one aiobotocore client does; see ``SdkPlan``."""

    OPERATIONS: ClassVar[Mapping[str, str]] = {service: operation for service, (operation, _) in CALLS.items()}
    RETRY_MODES: ClassVar[tuple[str, ...]] = ("legacy", "standard", "adaptive")
    TIMEOUT_STEP_NS: ClassVar[int] = 1

    @staticmethod
    def recipes() -> tuple[Recipe, ...]:
        """How it is built."""
        folder = Path(__file__).parent
        return (
            python_recipe(name="aiobotocore", what="aiobotocore 3.10", folder=folder, requirements="requirements.txt"),
        )

    def recipe(self) -> Recipe:
        """The build that this plan needs."""
        return self.recipes()[0]

    def argv(self, built: Path) -> list[str]:
        """The command of its process."""
        return module_argv(built, __name__)
