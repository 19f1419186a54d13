"""ICMP "port unreachable", as a kernel sends it for a datagram to a port where nobody listens (RFC 792; RFC 4443 §3.1 for IPv6).

It takes a raw socket, hence CAP_NET_RAW: root has it, and so has everybody in the network namespace of a sandbox. The asker's kernel hands
it to the socket that sent the datagram, if that is connected, as stub resolvers' are: ``ECONNREFUSED``.
"""

from __future__ import annotations

import ipaddress
import socket
import struct

HEADER = 8
UDP = 17
HOPS = 64
UNREACHABLE_4, PORT_4 = 3, 3
UNREACHABLE_6, PORT_6 = 1, 4


def lacking() -> str:
    """Why this process cannot send any, for people; empty where it can."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
    except OSError as error:
        return f"this server may not send ICMP ({error.strerror}): it needs CAP_NET_RAW, as in the namespace sandbox or as root"
    return ""


def refuse(asked: tuple[str, int], asker: tuple[str, int], size: int) -> None:
    """Tell ``asker`` that the port which it sent a datagram of ``size`` bytes to, at the address ``asked``, is closed.

    Raises ``OSError`` where that is not allowed, and for an address that is every address: which one was asked is not known then.
    """
    if ipaddress.ip_address(asked[0]).is_unspecified:
        raise OSError(
            "the listener has no address of its own, from which an ICMP message could come; name one with --listen"
        )
    is_v6 = ":" in asked[0]
    udp = struct.pack("!4H", asker[1], asked[1], HEADER + size, 0)
    quoted = _quoted_v6(asker[0], asked[0], size) if is_v6 else _quoted_v4(asker[0], asked[0], size)
    message = (
        struct.pack("!BBHI", *((UNREACHABLE_6, PORT_6) if is_v6 else (UNREACHABLE_4, PORT_4)), 0, 0) + quoted + udp
    )
    if not is_v6:  # for IPv6 the kernel does it (RFC 3542 §3.1)
        message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
    family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if is_v6 else (socket.AF_INET, socket.IPPROTO_ICMP)
    with socket.socket(family, socket.SOCK_RAW, protocol) as raw:
        raw.bind((asked[0], 0))
        raw.sendto(message, (asker[0].partition("%")[0], 0))


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return int(~total & 0xFFFF)


def _quoted_v4(source: str, target: str, size: int) -> bytes:
    """The header of the datagram that came (RFC 791 §3.1)."""
    length = 20 + HEADER + size
    addresses = ipaddress.IPv4Address(source).packed + ipaddress.IPv4Address(target).packed
    head = struct.pack("!BBHHHBBH", 0x45, 0, length, 0, 0, HOPS, UDP, 0)
    return head[:10] + struct.pack("!H", checksum(head + addresses)) + addresses


def _quoted_v6(source: str, target: str, size: int) -> bytes:
    """The same for IPv6 (RFC 8200 §3)."""
    addresses = ipaddress.IPv6Address(source.partition("%")[0]).packed + ipaddress.IPv6Address(target).packed
    return struct.pack("!IHBB", 6 << 28, HEADER + size, UDP, HOPS) + addresses
