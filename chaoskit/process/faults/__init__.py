"""Process faults, one file each: what befalls a client, or the machine behind a service, rather than a message.

The file's name is the kind, the key in YAML. Signals do it (signal(7)), and where the process is a container the engine does it: the
freezer of its control group, and ``docker kill``.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

from chaoskit.registry import Registry

PROCESS_FAULTS = Registry(__name__, plugins="process")


class ProcessControl(Protocol):
    """What a fault does with a process, by its name."""

    async def pause(self, name: str) -> None:
        """Stop it where it is."""

    async def resume(self, name: str) -> None:
        """Let it go on."""

    async def kill(self, name: str) -> None:
        """SIGKILL."""

    async def restart(self, name: str) -> None:
        """Start a killed client anew, with its plan."""

    async def operate(self, name: str) -> None:
        """Tell an operator to act."""


class ProcessFault(Protocol):
    """What every file here holds."""

    planes: ClassVar[bool]
    """Whether a plane may be its target, too."""

    async def begin(self, hands: ProcessControl, name: str) -> None:
        """At the beginning of the window."""

    async def end(self, hands: ProcessControl, name: str) -> None:
        """At its end."""
