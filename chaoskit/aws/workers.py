"""The front's threads: a pool for each service, which grows as far as that service's own limit, so that no service waits for another."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

MOST = 512
"""Requests of one service under way at once; the next ones wait, and only for that service."""

STEPPERS = 8
"""Threads that shake hands and gather heads. They never wait for a client."""

STEPS = ""
"""The pool of those threads."""


class Job(Protocol):
    """A connection: which pool's turn it is, and what a thread of it is to do."""

    pool: str
    socket: Any

    def work(self) -> None:
        """Do it. Raises nothing."""


class Workers:
    """As cheroot wants a thread pool: ``start``, ``put``, ``stop``."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._pools: dict[str, _Pool] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Threads are started when they are needed."""

    def put(self, job: Job) -> None:
        """Have a thread of the job's pool work at it."""
        with self._lock:
            if job.pool not in self._pools:
                most = STEPPERS if job.pool == STEPS else self._most
                self._pools[job.pool] = _Pool(job.pool or "front", most)
            pool = self._pools[job.pool]
        pool.put(job)

    def stop(self, timeout: float | None = 5) -> None:
        """Let jobs under way end within ``timeout`` seconds, and then cut their connections. Threads that still wait are left behind."""
        with self._lock:
            pools = list(self._pools.values())
        ends = time.monotonic() + (timeout or 0)
        for pool in pools:
            pool.stop()
        for pool in pools:
            pool.join(lambda: ends - time.monotonic())
        for pool in pools:
            pool.cut()


class _Pool:
    def __init__(self, name: str, most: int) -> None:
        self._name, self._most = name, most
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._idle = 0
        self._stopping = False
        self._busy: set[Job] = set()
        self._threads: list[threading.Thread] = []

    def put(self, job: Job) -> None:
        with self._changed:
            self._jobs.append(job)
            if len(self._jobs) > self._idle and len(self._threads) < self._most:
                name = f"{self._name}-{len(self._threads) + 1}"
                thread = threading.Thread(target=self._serve, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()

    def _serve(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                self._changed.wait_for(lambda: self._jobs or self._stopping)
                self._idle -= 1
                if not self._jobs:
                    return
                job = self._jobs.popleft()
                self._busy.add(job)
            job.work()
            with self._changed:
                self._busy.discard(job)

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def join(self, left: Callable[[], float]) -> None:
        for thread in self._threads:
            thread.join(max(0, left()))

    def cut(self) -> None:
        with self._changed:
            for job in self._busy:
                with suppress(OSError):
                    socket.socket.shutdown(job.socket, socket.SHUT_RDWR)
