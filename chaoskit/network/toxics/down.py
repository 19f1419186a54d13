"""``down``: the service is not there. Open connections are closed and new ones are refused, until the toxic is lifted.

Toxiproxy has no toxic of this name: it is the proxy switched off (``enabled: false``), and so it is done here, in both proxies.
A client sees ``ECONNREFUSED`` where it dials and the end of the stream where it was connected. All connections of a service are
met: ``stream: upstream`` and a ``chance`` below 1 are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoskit.network.toxics import Toxic


@dataclass(frozen=True, slots=True)
class Down(Toxic):
    """Switch the service's proxies off."""

    UNITS: ClassVar[dict[str, int]] = {}
