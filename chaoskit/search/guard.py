"""Signals while a search is under way: its runs are ended in order, and those that are complete are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from chaoskit.errors import Interrupted
from chaoskit.interruption import until_signalled

T = TypeVar("T")


def run_guarded(search: Coroutine[Any, Any, T], folder: Path) -> T:
    """Run ``search`` to its end. Raises ``Interrupted`` on a signal, after the runs under way have cleaned up."""
    try:
        return asyncio.run(until_signalled(search))
    except Interrupted as error:
        again = f"go on with the same command and --out {folder}"
        error.args = (f"interrupted: the runs under way were cleaned up; {again}",)
        raise
