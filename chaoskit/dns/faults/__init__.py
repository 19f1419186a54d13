"""DNS faults, one file each. The file's name is the kind and the key in YAML.

A fault is handed the **honest** reply and returns another. It is pure: the same query, reply, instant and generator give
the same result; it never sends, sleeps or reads a clock. See ``docs/creating-a-fault.md``.
"""

from __future__ import annotations

import random
from typing import Any, ClassVar, Protocol

from chaoskit.clock import Instant
from chaoskit.dns.message import Query, Reply
from chaoskit.registry import Registry

FAULTS = Registry(__name__, plugins="dns")


class DnsFault(Protocol):
    """What every file under ``dns/faults/`` holds: a frozen dataclass of the fault's own parameters, and one method.

    ``EXAMPLE`` is ``dns:`` of a timeline's entry, as the documentation shows it; empty where the kind alone is one.
    """

    EXAMPLE: ClassVar[str] = ""

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    def apply(self, query: Query, reply: Reply, at: Instant, rng: random.Random) -> Reply:
        """The reply to send in place of ``reply``."""

    def lacking(self) -> str:
        """What the process that is to apply it lacks for that, for people; empty where nothing."""
        return ""
