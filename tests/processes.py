"""Processes that are not the test's children: which there are, and waiting until they have ended."""

from __future__ import annotations

import os
import select
from pathlib import Path


def descendants(pid: int) -> list[int]:
    """The children of process ``pid``, their children, and so on, as far as they are still there when they are met."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(word) for word in task.read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue  # the thread or its process ended since it was listed
        for child in children:
            found += [child, *descendants(child)]
    return found


def watch(pid: int) -> list[int]:
    """A pidfd of each of the descendants, for the caller to close; one that ended since it was listed is left out."""
    watched: list[int] = []
    for child in descendants(pid):
        try:
            watched.append(os.pidfd_open(child))
        except ProcessLookupError:
            continue
    return watched


def close(pidfds: list[int]) -> None:
    for pidfd in pidfds:
        os.close(pidfd)


def all_ended(pidfds: list[int], within_s: float = 10) -> bool:
    """Whether each process ends within ``within_s``; a pidfd becomes readable when it does (pidfd_open(2))."""
    return all(select.select([pidfd], [], [], within_s)[0] for pidfd in pidfds)
