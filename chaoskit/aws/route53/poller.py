"""Following a hosted zone of any compatible endpoint: it is read again and again, and each difference is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from chaoskit.aws.route53.client import Endpoint
from chaoskit.aws.route53.record_set import HostedZone, canonical
from chaoskit.aws.route53.served import Served, dns_name, served_names
from chaoskit.clock import Instant
from chaoskit.errors import HarnessError, PlaneError
from chaoskit.journal.events import HostedZoneChanged, ServedName

EVERY_S = 0.04
"""Between two readings: a change is seen after this and the time of a reading, at the latest."""


class HostedZonePoller:
    """Reads the hosted zone ``name`` until stopped, on a thread of its own.

    ``tell`` gets each difference, the whole zone first. When exactly a change came into force nobody says, so its ``effective_at`` is when
    the reading began that did not have it yet: a lag reckoned from it is the longest that it can have been. ``failed`` gets why a
    reading failed, once for each row of failures; what was read before stays.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        name: str,
        tell: Callable[[HostedZoneChanged], object],
        failed: Callable[[str], object],
        every_s: float = EVERY_S,
    ) -> None:
        self._endpoint = endpoint
        self._name = canonical(name)
        self._tell = tell
        self._failed = failed
        self._every_s = every_s
        self._zone_id: str | None = None
        self._served: Served = {}
        self._version = 0
        self._read_at: Instant | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"follow {name}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Read no more; returns when a reading under way has ended."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        failing = False
        while not self._stopped.is_set():
            try:
                self.read()
                failing = False
            except HarnessError as error:
                if not failing:
                    self._failed(str(error))
                failing = True
            self._stopped.wait(self._every_s)

    def read(self) -> None:
        """Read the zone once, and tell what differs. Raises ``PlaneError`` if it cannot be read."""
        began = time.monotonic_ns()
        served = served_names(self._fetch())
        changed = [name for name in {**self._served, **served} if self._served.get(name) != served.get(name)]
        if changed or self._read_at is None:
            before = self._read_at if self._read_at is not None else began
            names = (ServedName(name=name, exists=name in served, records=served.get(name, ())) for name in changed)
            self._tell(
                HostedZoneChanged(
                    at=time.monotonic_ns(),
                    effective_at=before,
                    zone=dns_name(self._name),
                    zone_id=self._zone_id or "",
                    version=self._version,
                    change="",
                    request=0,
                    names=tuple(names),
                )
            )
            self._version += 1
        self._served, self._read_at = served, began

    def _fetch(self) -> HostedZone:
        if self._zone_id is None:
            self._zone_id = self._endpoint.find_zone(self._name)
        if self._zone_id is None:
            raise PlaneError(f"there is no hosted zone {self._name} at {self._endpoint.url}; create it")
        return self._endpoint.read_zone(self._zone_id, self._name)
