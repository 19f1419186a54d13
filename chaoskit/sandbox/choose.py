"""Which sandbox a run gets: the one asked for, or the best that this machine can do."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from chaoskit.errors import SandboxError
from chaoskit.sandbox.inline import InlineSandbox
from chaoskit.sandbox.namespace import NamespaceSandbox

AnySandbox: TypeAlias = NamespaceSandbox | InlineSandbox

CHOICES = ("auto", "namespace", "inline")


async def open_sandbox(choice: str, work: Path, labels: list[str], remove: list[Path], empty: list[Path]) -> AnySandbox:
    """Open the sandbox ``choice`` for clients with these labels.

    ``auto`` is ``namespace``, or ``inline`` where that is forbidden; the reason is in the sandbox's ``because``. ``remove`` are folders
    that vanish with the sandbox, whatever ends the run; ``empty`` those that vanish if nothing is in them. Raises ``SandboxError``,
    and then the folders still stand.
    """
    if choice in ("auto", "namespace"):
        namespace = NamespaceSandbox(work, remove, empty)
        try:
            await namespace.open(labels)
        except SandboxError as error:
            if choice == "namespace":
                raise
            because = f"namespaces do not work here: {error}"
        else:
            return namespace
    else:
        because = "asked for with --sandbox inline"
    inline = InlineSandbox(work, remove, empty, because)
    await inline.open(labels)
    return inline
