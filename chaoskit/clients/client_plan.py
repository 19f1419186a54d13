"""What the plan of every client knows of itself: whose it is, and how it refuses what it cannot honour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaoskit.errors import PlaneError, SettingRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPlan:
    """What one client does, as its process is told; ``client`` is its label in the experiment."""

    client: str

    @classmethod
    def use(cls) -> str:
        """The client's name in ``use:``, which is its folder."""
        return cls.__module__.rpartition(".")[2]

    def refusal(self, what: str, instead: str) -> SettingRefused:
        """The error for a setting that this client cannot honour."""
        return SettingRefused(self.client, f"{self.use()} {what}", instead)

    @classmethod
    def check_labelled(cls, plan: Mapping[str, Any]) -> None:
        """Raise ``PlaneError`` for the first line of a process that does not say whose plan it is."""
        if "client" not in plan:
            raise PlaneError(f"{cls.use()} client: no client name")
