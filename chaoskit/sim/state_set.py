"""A set of states as one open-addressed hash table in two arrays, asked for many states at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chaoskit.sim.tables import Numbers

_FREE = -1
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""Multiplicative hashing by the golden ratio (Knuth, The Art of Computer Programming 3, §6.4)."""


class StateSet:
    """States, numbered in the order in which they were added. Linear probing, at most half full."""

    def __init__(self) -> None:
        self.states = np.empty(1 << 12, np.int64)
        self.size = 0
        self._allocate(13)

    def _allocate(self, bits: int) -> None:
        self._bits = bits
        self._keys = np.full(1 << bits, _FREE, np.int64)
        self._numbers = np.empty(1 << bits, np.int32)

    def add(self, states: Numbers) -> tuple[Numbers, Numbers]:
        """Add those that are new, each once. Gives the places in ``states`` of the new ones, in ascending order, and the slot of each
        of ``states``, for ``numbers_at`` until the next call."""
        self._reserve(len(states))
        slots = self._slots(states)
        pending = (self._keys.take(slots) != states).nonzero()[0]
        fresh = []
        while len(pending):
            keys, there = states.take(pending), slots.take(pending)
            free = self._keys.take(there) == _FREE
            claims, claimed = pending[free], there[free]
            self._keys[claimed] = keys[free]
            self._numbers[claimed] = claims  # of several claims to one slot the same one wins in both arrays
            fresh.append(claims[self._numbers.take(claimed) == claims])
            pending = pending[self._keys.take(there) != keys]
            slots[pending] = (slots.take(pending) + 1) & ((1 << self._bits) - 1)
        new = np.concatenate(fresh) if fresh else pending
        new.sort()
        self._append(states.take(new), slots.take(new))
        return new, slots

    def _append(self, states: Numbers, slots: Numbers) -> None:
        end = self.size + len(states)
        if end > len(self.states):
            longer = np.empty(max(end, 2 * len(self.states)), np.int64)
            longer[: self.size] = self.states[: self.size]
            self.states = longer
        self.states[self.size : end] = states
        self._numbers[slots] = np.arange(self.size, end, dtype=np.int32)
        self.size = end

    def numbers_at(self, slots: Numbers) -> NDArray[np.int32]:
        """The numbers of the states in these slots."""
        return self._numbers.take(slots)

    def _slots(self, states: Numbers) -> Numbers:
        mixed = (states.view(np.uint64) * _FACTOR) >> np.uint64(64 - self._bits)
        return mixed.view(np.int64)

    def _reserve(self, more: int) -> None:
        """Room for ``more`` states with the table at most half full."""
        if 2 * (self.size + more) <= 1 << self._bits:
            return
        self._allocate((4 * (self.size + more)).bit_length())
        known = self.states[: self.size]
        for start in range(0, self.size, 1 << 16):
            self._insert_known(known[start : start + (1 << 16)], start)

    def _insert_known(self, states: Numbers, first: int) -> None:
        pending = np.arange(len(states))
        slots = self._slots(states)
        while len(pending):
            keys = states.take(pending)
            free = self._keys.take(slots) == _FREE
            self._keys[slots[free]] = keys[free]
            here = self._keys.take(slots) == keys
            self._numbers[slots[here]] = first + pending[here]
            pending, slots = pending[~here], (slots[~here] + 1) & ((1 << self._bits) - 1)
