"""Binding: UDP and TCP on one port, of a loopback address unless the caller says otherwise."""

from __future__ import annotations

import errno
import ipaddress
import socket
from dataclasses import dataclass

from chaoskit.dns.channel import host_and_port
from chaoskit.errors import PlaneError

BIND_TRIES = 20
BACKLOG = 512

WAYS_OUT = {
    errno.EADDRINUSE: "end what listens there, or choose another port (0: any free one)",
    errno.EACCES: "ports below 1024 need a sandbox with a network of its own; choose a higher one (0: any free one)",
    errno.EADDRNOTAVAIL: "this machine has no such address; choose another, or add it to the loopback interface",
    errno.EAFNOSUPPORT: "this machine has no IPv6; leave the address out",
}


@dataclass(frozen=True, slots=True)
class Listener:
    """An address to answer at; ``label`` names who asks there. Port 0 lets the kernel choose."""

    label: str
    host: str
    port: int


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``; false also for what is no address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bind(listener: Listener, *, beyond_loopback: bool = False) -> tuple[socket.socket, socket.socket]:
    """The UDP and the TCP socket of a listener, on one port. Raises ``PlaneError`` saying what is in the way.

    With port 0 the TCP twin of the UDP port that the kernel chose may be taken; then another is tried.
    """
    if not (beyond_loopback or is_loopback(listener.host)):
        raise PlaneError(f"{listener.host} is not loopback: this server answers only there; use 127.0.0.1 or ::1")
    tries = 1 if listener.port else BIND_TRIES
    for last in range(tries - 1, -1, -1):
        try:
            return _bind_pair(listener)
        except OSError as error:
            if last and error.errno == errno.EADDRINUSE:
                continue
            way_out = WAYS_OUT.get(error.errno or 0, "choose another address or port")
            where = host_and_port(listener.host, listener.port)
            raise PlaneError(f"cannot listen on {where}: {error.strerror}; {way_out}") from error
    raise AssertionError("the loop returns or raises")


def _bind_pair(listener: Listener) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    made: list[socket.socket] = []
    try:
        udp = socket.socket(family, socket.SOCK_DGRAM)
        made.append(udp)
        udp.bind((listener.host, listener.port))
        tcp = socket.socket(family, socket.SOCK_STREAM)
        made.append(tcp)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of an earlier run may linger
        tcp.bind((listener.host, udp.getsockname()[1]))
        tcp.listen(BACKLOG)  # binding alone does not show that another listens there
    except OSError:
        for one in made:
            one.close()
        raise
    udp.setblocking(False)
    tcp.setblocking(False)
    return udp, tcp
