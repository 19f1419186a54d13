"""Toxics, one file each. The file's name is the kind, the key in YAML, and Toxiproxy's name for it.

A toxic is parameters and pure answers: what becomes of the bytes of one stream of one connection. The embedded proxy asks it and
does the waiting and sending; Toxiproxy is sent its ``attributes`` and does all of it. Meaning and defaults are Toxiproxy's
(https://github.com/Shopify/toxiproxy#toxics).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, TypeAlias

from chaoskit.clock import Instant
from chaoskit.registry import Registry
from chaoskit.units import MILLISECOND

LARGEST = 2**63 - 1
"""Toxiproxy's attributes are signed and have 64 bits."""

TOXICS = Registry(__name__, plugins="network")


@dataclass(frozen=True, slots=True)
class Moment:
    """The situation in which a toxic is asked.

    ``at`` is now; ``free`` the instant by which all that this toxic still holds back on this stream will have left it (in the past when
    it holds nothing); ``passed`` how many bytes it was handed on this stream before.
    """

    at: Instant
    free: Instant
    passed: int


@dataclass(frozen=True, slots=True)
class Send:
    """Pass ``data`` on at ``due``. What was handed in earlier leaves earlier: a stream keeps its order."""

    data: bytes
    due: Instant


@dataclass(frozen=True, slots=True)
class Cut:
    """End the connection at ``due``, both ways. A later ``Cut`` takes the place of an earlier one.

    What has left the toxic before is still delivered; ``reset``: it is not, and the end is an RST instead of a FIN. Until
    ``spare_calls_until`` a connection that is not quiet at ``due`` is left to become so.
    """

    due: Instant
    reset: bool = False
    spare_calls_until: Instant = 0


Effect: TypeAlias = Send | Cut


class Toxic(Protocol):
    """What every file under ``network/toxics/`` holds: a frozen dataclass of the toxic's parameters, and what differs from passing on.

    ``UNITS`` gives for each field what one of Toxiproxy's units is in ours: ``MILLISECOND`` or ``MICROSECOND`` for a ``Duration`` field,
    1 for a plain number.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}
    UNITS: ClassVar[dict[str, int]]
    KEEPS_COUNT: ClassVar[bool] = False
    """Whether ``Moment.passed`` goes on counting when the toxic's parameters are changed on an open connection."""
    IN_TOXIPROXY: ClassVar[bool] = True
    """Whether Toxiproxy can do it too."""
    ON_LISTENER: ClassVar[bool] = False
    """Whether it acts where connections are accepted, so on every new one, and on none that is open."""

    def __post_init__(self) -> None:
        self.attributes()

    def lacking(self) -> str:
        """What this machine lacks for it, for people; empty where it has all."""
        return ""

    def opened(self, at: Instant) -> Cut | None:
        """The toxic meets a stream: a new connection's, or an open one's when the toxic is added. ``Cut`` if it will end by itself."""
        return None

    def chunk(self, data: bytes, moment: Moment, rng: random.Random) -> tuple[Effect, ...]:
        """Bytes arrive. What is not in the answer is dropped."""
        return (Send(data, moment.at),)

    def ended(self, moment: Moment) -> Instant | Cut | None:
        """The sender closed its side: when to pass that on, never before what is held back; None swallows it."""
        return max(moment.at, moment.free)

    def lifted(self, at: Instant) -> Cut | None:
        """The toxic is taken off a stream; what it held back has been passed on. ``Cut`` if the stream cannot live on."""
        return None

    def attributes(self) -> dict[str, int]:
        """The parameters as Toxiproxy takes them. Raises ``ValueError`` for what its units cannot express."""
        return {name: self._in_units(name, unit) for name, unit in self.UNITS.items()}

    def _in_units(self, name: str, unit: int) -> int:
        value: int = getattr(self, name)
        if value < 0:
            raise ValueError(f"{name} is negative; write 0 or more")
        if value // unit > LARGEST:
            raise ValueError(f"{name} is more than {LARGEST}, the most that Toxiproxy counts to")
        if value % unit:
            counted = "milliseconds" if unit == MILLISECOND else "microseconds"
            raise ValueError(f"{name} of {value} ns is not a whole number of {counted}; Toxiproxy counts in those")
        return value // unit

    @classmethod
    def of_attributes(cls, attributes: dict[str, Any]) -> Self:
        """The toxic that Toxiproxy's ``attributes`` describe. What is missing is 0, as in Toxiproxy. Raises ``ValueError``."""
        unknown = sorted(attributes.keys() - cls.UNITS.keys())
        if unknown:
            raise ValueError(f"unknown attribute {unknown[0]!r}; known: {', '.join(cls.UNITS)}")
        for name, value in attributes.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ValueError(f"{name} must be a whole number, 0 or more, not {value!r}")
        return cls(**{name: attributes.get(name, 0) * unit for name, unit in cls.UNITS.items()})
