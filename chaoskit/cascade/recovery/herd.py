"""The herd, simulated: how many clients dial, and how many connections and lookups come, in each 100 ms after the record is back.

The clients are ``herd_clients``. The record is empty until it is back. The service accepts so many connections a second and lets so many
wait; a dial beyond that is refused, and one that waits longer than the connect time-out is given up, which takes its turn all the same.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from chaoskit.cascade.recovery.herd_clients import BIN_NS, Done, HerdClients, HerdSettings
from chaoskit.sim.heap import EventHeap
from chaoskit.units import SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class HerdCourse:
    """Counts in each 100 ms since the record's return. ``connected_s``: when every client had a connection; None: not while watched."""

    lookups: tuple[int, ...]
    dials: tuple[int, ...]
    connects: tuple[int, ...]
    refused: int
    given_up: int
    connected_s: float | None


def play_herd(settings: HerdSettings, seed: int) -> HerdCourse:
    """Event by event; equal settings and seeds give equal courses."""
    return _Herd(settings, seed).play()


class _Herd:
    """The record and the service's door."""

    def __init__(self, settings: HerdSettings, seed: int) -> None:
        self.settings, self.heap = settings, EventHeap()
        self._back_ns = round(settings.outage_s * SECOND)
        bins = round(settings.watched_s * SECOND) // BIN_NS
        self.lookups, self.dials, self.connects = ([0] * bins for _ in range(3))
        self.refused = self.given_up = 0
        self.connected_ns: int | None = None
        self._door: deque[tuple[int, Done]] = deque()
        self._busy = False
        self._clients = HerdClients(settings, self.heap, self, seed, self._connected)

    def play(self) -> HerdCourse:
        """Until the watch is over."""
        self._clients.begin()
        self.heap.run(self._back_ns + round(self.settings.watched_s * SECOND))
        connected = None if self.connected_ns is None else (self.connected_ns - self._back_ns) / SECOND
        return HerdCourse(
            lookups=tuple(self.lookups),
            dials=tuple(self.dials),
            connects=tuple(self.connects),
            refused=self.refused,
            given_up=self.given_up,
            connected_s=connected,
        )

    def _count(self, counts: list[int]) -> None:
        place = (self.heap.now - self._back_ns) // BIN_NS
        if 0 <= place < len(counts):
            counts[place] += 1

    def _connected(self, clients: int) -> None:
        if clients == self.settings.clients and self.connected_ns is None:
            self.connected_ns = self.heap.now

    def look_up(self, client: int, done: Done) -> None:
        """See ``HerdService``."""
        self._count(self.lookups)
        done(self.heap.now >= self._back_ns)

    def dial(self, client: int, done: Done) -> None:
        """See ``HerdService``."""
        self._count(self.dials)
        if len(self._door) >= self.settings.backlog:
            self.refused += 1
            done(False)
            return
        self._door.append((self.heap.now, done))
        if not self._busy:
            self._busy = True
            self.heap.at(self.heap.now + round(SECOND / self.settings.accepts_per_s), self._accept)

    def _accept(self) -> None:
        asked, done = self._door.popleft()
        in_time = self.heap.now - asked <= self.settings.connect_time_out_s * SECOND
        if in_time:
            self._count(self.connects)
        else:
            self.given_up += 1
        done(in_time)
        self._busy = bool(self._door)
        if self._busy:
            self.heap.at(self.heap.now + round(SECOND / self.settings.accepts_per_s), self._accept)
