"""What the settings of all parts have in common: a field that nobody knows is an error, never passed over."""

from __future__ import annotations

from typing import Any, ClassVar


class Settings:
    """Base of the dataclasses that are read from an experiment's ``settings``."""

    __slots__ = ()
    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}
    ORDERS: ClassVar[tuple[str, ...]] = ()
    """What an operator can order of the part while it plays; see ``Stage.obeys``."""
