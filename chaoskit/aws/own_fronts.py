"""The fronts of services of the user's own: each listens on a port of loopback, behind the proxies of its service."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chaoskit.aws.inject import Faults
from chaoskit.journal.events import Event

if TYPE_CHECKING:
    from chaoskit.aws.certificates import Authority


class OwnFronts:
    """All of a run. ``addresses`` is where each listens, by the key under which the ready event tells it; ``names`` are all host names."""

    def __init__(
        self,
        plan: Sequence[Mapping[str, Any]],
        authority: Authority,
        faults: Faults,
        emit: Callable[[Event], None],
        failed: Callable[[str], None],
        numbers: Iterator[int] | None = None,
    ) -> None:
        """Start them. ``numbers`` counts the requests of all fronts of the process. Raises ``OSError`` where one cannot listen."""
        self._authority, self._faults, self._emit, self._failed = authority, faults, emit, failed
        self._numbers = numbers or itertools.count(1)
        self._endings: list[Callable[[], object]] = []
        self._tcp: Any = None
        self.names = [name for own in plan for name in own["names"]]
        self.addresses = {f"own {own['name']}": self._start(own) for own in plan}

    def stop(self) -> None:
        """Let requests under way finish, then close every connection."""
        for end in self._endings:
            end()

    def _start(self, own: Mapping[str, Any]) -> str:
        tls = self._authority.server_context(own["names"], {}) if own["tls"] else None
        if own["http"]:
            from chaoskit.aws.connection import Habits
            from chaoskit.aws.evidence import Evidence
            from chaoskit.aws.front import Front
            from chaoskit.aws.gateway import answerer

            name = own["name"]
            application = self._faults.around(answerer(own["backend"], own["region"]))
            front = Front(
                Evidence(application, self._emit, own=name, numbers=self._numbers),
                tls,
                self._failed,
                habits={name: Habits(own.get("idle_timeout_ns"), own.get("max_requests"))},
            )
            self._endings.append(front.stop)
            return front.address
        if self._tcp is None:
            from chaoskit.aws.tcp_front import TcpFronts

            self._tcp = TcpFronts()
            self._endings.append(self._tcp.stop)
        address: str = self._tcp.add(own["backend"], tls)
        return address
