"""Waiting for what must become true, in another process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tests.network.conformance.subject import PATIENCE_S


def until(condition: Callable[[], bool]) -> None:
    """Ask again and again; fail when it has not become true in time."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "this has not become true"
        threading.Event().wait(0.01)
