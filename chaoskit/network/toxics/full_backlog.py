"""``full_backlog``: the service accepts no connection, and its accept queue is full, as when it is too busy to call accept(2).

Linux then drops each packet that would open a connection (SYN; listen(2), tcp(7)), so ``connect`` hangs. The client's kernel sends it
again 1 s, 3 s and 7 s after the first, and from Linux 6.5 on, whose first four repetitions are a second apart, 1, 2, 3, 4, 5, 7, 11 s
(``net.ipv4.tcp_syn_linear_timeouts``). So a connection that met it opens with the first repetition after the toxic was lifted, or never,
where a time-out for connecting comes first. Open connections are left alone.

It acts on the listening socket, so on every new connection: ``stream: upstream`` and a ``chance`` below 1 are refused. Evidence
is the kernel's own count of what it dropped at that socket. Toxiproxy has no such toxic: this is the embedded proxy's own.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import ClassVar

from chaoskit.network.toxics import Toxic


@dataclass(frozen=True, slots=True)
class FullBacklog(Toxic):
    """Keep the accept queue full."""

    UNITS: ClassVar[dict[str, int]] = {}
    IN_TOXIPROXY: ClassVar[bool] = False
    ON_LISTENER: ClassVar[bool] = True

    def lacking(self) -> str:
        return (
            "" if sys.platform == "linux" else "full_backlog needs Linux, whose kernel drops handshakes and counts them"
        )
