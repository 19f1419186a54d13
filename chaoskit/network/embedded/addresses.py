"""``host:port`` as the embedded proxy takes it: of loopback, or of a network of the run's own, unless a person has said otherwise."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")


@dataclass(frozen=True, slots=True)
class Reach:
    """Where proxies may listen and dial: loopback and the prefixes ``within``.

    ``listen_anywhere`` and ``dial_anywhere`` lift that; the latter lets an upstream be a host name too. In a run both are false: a host
    *name* would be looked up in the very DNS that the run disturbs.
    """

    within: tuple[str, ...] = ()
    listen_anywhere: bool = False
    dial_anywhere: bool = False

    def listen(self, text: str) -> tuple[str, int]:
        """Host and port to listen at. Raises ``ValueError``."""
        host, port = _split(text)
        if self._ours(host) or (self.listen_anywhere and _is_address(host)):
            return host, port
        if self.listen_anywhere and not host:  # ":6379", which Go takes for every interface
            return "0.0.0.0", port
        if self.dial_anywhere:
            raise ValueError(
                f"{text!r}: other machines could connect; write for example 127.0.0.1:{port},"
                " or say --beyond-loopback if that is meant"
                if not self.listen_anywhere
                else f"{text!r} is no address to listen at; write for example 0.0.0.0:{port}"
            )
        raise ValueError(self._refusal(text))

    def upstream(self, text: str) -> tuple[str, int]:
        """Host and port to dial. Raises ``ValueError``."""
        host, port = _split(text)
        if not (self._ours(host) or (self.dial_anywhere and (_is_address(host) or _is_name(host)))):
            raise ValueError(f"{text!r} is no host name or address" if self.dial_anywhere else self._refusal(text))
        return host, port

    def _ours(self, host: str) -> bool:
        if not _is_address(host):
            return False
        address = ipaddress.ip_address(host)
        return address.is_loopback or any(address in ipaddress.ip_network(prefix) for prefix in self.within)

    @staticmethod
    def _refusal(text: str) -> str:
        return f"{text!r}: the embedded proxy serves loopback addresses only; write for example 127.0.0.1:8001"


def _split(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or len(text) > 300 or not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError(f"{text[:300]!r} is not host:port; write for example 127.0.0.1:8001")
    host = host.removeprefix("[").removesuffix("]")
    return "127.0.0.1" if host == "localhost" else host, int(port)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_name(host: str) -> bool:
    return 0 < len(host) <= 253 and all(_LABEL.fullmatch(label) for label in host.removesuffix(".").split("."))
