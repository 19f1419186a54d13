"""Memory that the kernel reads by address, so that it must stay where it is: for ``udp_batched``."""

from __future__ import annotations

import ctypes
import mmap

ARENA_CHUNK = 1 << 18


class Arena:
    """Memory at addresses that stay: it only grows, and is freed as a whole with the last reference to the object."""

    def __init__(self) -> None:
        self.chunks: list[mmap.mmap] = []
        self._start = 0
        self._used = self._size = 0

    def add(self, data: bytes) -> int:
        """The address of a copy of ``data``."""
        if self._used + len(data) > self._size:
            self._size = max(ARENA_CHUNK, len(data))
            self.chunks.append(mmap.mmap(-1, self._size))
            self._start, self._used = address_of(self.chunks[-1]), 0
        at = self._used
        self.chunks[-1][at : at + len(data)] = data
        self._used += len(data)
        return self._start + at


def address_of(memory: mmap.mmap) -> int:
    """Where it begins."""
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
