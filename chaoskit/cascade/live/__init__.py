"""The cascade small and real: each part a process on real sockets, with the real DNS, SDK and services of a run, by the same policies.

A part is a file under ``parts/``: a frozen dataclass of its settings, whose ``play`` makes the process's life out of a ``Stage``.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from chaoskit.cascade.live.stage import Stage
from chaoskit.registry import Registry

PARTS = Registry("chaoskit.cascade.live.parts")


class Part(Protocol):
    """What every file under ``parts/`` holds: a frozen dataclass, a kind of ``settings.Settings``.

    ``ORDERS`` is what an operator can order of it; see ``Stage.obeys``.
    """

    ORDERS: ClassVar[tuple[str, ...]]

    async def play(self, stage: Stage) -> None:
        """Do the part's work from ``stage.origin`` until ``stage.ends``."""


def read_part(part: str, settings: dict[str, Any]) -> Part:
    """A part with its settings as a file has them. Raises ``ValueError`` that names what is wrong."""
    from pydantic import TypeAdapter, ValidationError

    if part not in PARTS.kinds:
        raise ValueError(f"there is no part {part!r}; {PARTS.unknown(part)}")
    try:
        read: Part = TypeAdapter(PARTS.get(part)).validate_python(settings)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(place) for place in first["loc"])
        message = str(first["msg"]).removeprefix("Value error, ")
        raise ValueError(f"{part}: {field}: {message}" if field else f"{part}: {message}") from error
    return read
