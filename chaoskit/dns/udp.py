"""Which UDP loop answers: the batched one where the platform has it, else the plain one."""

from __future__ import annotations

import socket
from typing import Literal, TypeAlias

from chaoskit.dns.udp_plain import Answering, PlainUdp, UdpLoop

UdpPath: TypeAlias = Literal["batched", "plain"]


def udp_loop(server: Answering, udp: socket.socket, label: str, path: UdpPath) -> UdpLoop:
    """The loop for ``udp``; *batched* falls back to *plain*, which sends the same bytes."""
    if path == "batched":
        try:
            from chaoskit.dns.udp_batched import BatchedUdp

            return BatchedUdp(server, udp, label)
        except (ImportError, AttributeError, OSError):  # no such calls here, or forbidden (seccomp)
            pass
    return PlainUdp(server, udp, label)
