"""The way back to an asker. The server speaks to it without knowing whether it is a datagram or a connection."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

from chaoskit.dns import icmp


class Channel(Protocol):
    """One message's way back. For each message received, exactly one of the four methods is called, once."""

    @property
    def transport(self) -> Literal["udp", "tcp"]:
        """Over which the message came."""

    @property
    def label(self) -> str:
        """Label of the listener that received the query."""

    @property
    def peer(self) -> tuple[str, int]:
        """The asker's address and port."""

    def send(self, *messages: bytes) -> bool:
        """Hand a reply to the kernel, of one message or several; false if the asker has gone.

        Raises ``OSError`` if the machine cannot send it.
        """

    def hang_up(self, *, reset: bool, begun: bytes = b"", drip_ns: int = 0) -> bool:
        """Send ``begun`` as it is, at once or a byte every ``drip_ns``, and end the connection; false if there is none."""

    def refuse(self, size: int) -> bool:
        """Tell the asker of a message of ``size`` bytes that nobody listens here; false if there is nobody to tell.

        Raises ``OSError`` if the machine cannot.
        """

    def drop(self) -> None:
        """No reply."""


Receive: TypeAlias = Callable[[bytes, Channel], None]
"""What a socket does with each message it reads."""


@dataclass(frozen=True, slots=True)
class Datagram:
    """The way back of one datagram. ``address`` is the asker's, as the socket gave it."""

    transport: ClassVar[Literal["udp"]] = "udp"

    label: str
    address: Any
    udp: socket.socket

    @property
    def peer(self) -> tuple[str, int]:
        return self.address[0], self.address[1]

    def send(self, *messages: bytes) -> bool:
        for data in messages:
            self.udp.sendto(data, self.address)
        return True

    def hang_up(self, *, reset: bool, begun: bytes = b"", drip_ns: int = 0) -> bool:
        return False

    def refuse(self, size: int) -> bool:
        icmp.refuse(self.udp.getsockname()[:2], self.peer, size)
        return True

    def drop(self) -> None:
        pass


def host_and_port(host: str, port: int) -> str:
    """``127.0.0.1:53``, ``[::1]:53``."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
