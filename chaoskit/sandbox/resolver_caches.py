"""Processes that stand between an app and a record with a cache of their own: c-ares, a JVM, nscd. Seen in ``/proc`` (proc(5)).

A library that is linked into its program (c-ares in Node.js) shows in no map, so what is not listed here may be there all the same.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")

KNOWN: dict[str, str] = {
    "c-ares": "asks the DNS itself, not through libc, and its query cache can keep an empty answer for up to an hour (c-ares issue 1293)",
    "JVM": "keeps addresses for 30 s and failures for 10 s unless it is told otherwise (networkaddress.cache.ttl and .negative.ttl)",
    "nscd": "answers getaddrinfo for every process that reaches its socket, out of a cache of its own (nscd.conf(5))",
}
"""Each cache, and what is known of it."""

_MAPPED = re.compile(r"/(?P<cares>(?:lib|_)?cares[^/\n]*\.so[^/\n]*)|/(?P<jvm>libjvm\.so)")


@dataclass(frozen=True, slots=True, order=True)
class ResolverCache:
    """A program (its short name) that has one of ``KNOWN``."""

    program: str
    cache: str

    @property
    def words(self) -> str:
        """For a person."""
        return f"{self.program}: {self.cache} {KNOWN[self.cache]}"


def cache_in(program: str, maps: str) -> str | None:
    """Which of ``KNOWN`` a process has, by its name and the files that it has mapped; None where none shows."""
    if program == "nscd":
        return "nscd"
    match = _MAPPED.search(maps)
    if match is None:
        return None
    return "c-ares" if match["cares"] else "JVM"


def find_caches(processes: Iterable[int], proc: Path = PROC) -> set[ResolverCache]:
    """The caches of these processes, as far as their maps can be read."""
    caches = set()
    for number in processes:
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            program = (proc / str(number) / "comm").read_text().strip()
            cache = cache_in(program, (proc / str(number) / "maps").read_text())
            if cache is not None:
                caches.add(ResolverCache(program, cache))
    return caches


def processes_beside(keeper: int | None = None, proc: Path = PROC) -> Iterator[int]:
    """The processes in the network of ``keeper``, or all of this machine."""
    network = _network(keeper, proc) if keeper is not None else None
    for entry in proc.iterdir() if proc.is_dir() else ():
        if entry.name.isdigit() and (
            keeper is None or (network is not None and _network(int(entry.name), proc) == network)
        ):
            yield int(entry.name)


def _network(process: int, proc: Path) -> str | None:
    try:
        return str((proc / str(process) / "ns" / "net").readlink())
    except OSError:
        return None
