"""What an error number means, in the words of the system that gave it."""

from __future__ import annotations

from chaoskit.journal.events import ErrorLink

# getaddrinfo(3), netdb.h of glibc.
_GLIBC = {
    -2: "EAI_NONAME: no such name",
    -3: "EAI_AGAIN: no usable answer, try again",
    -4: "EAI_FAIL: the resolver failed for good",
    -5: "EAI_NODATA: the name exists but has no address",
    -9: "EAI_ADDRFAMILY: no address of the wanted family",
    -11: "EAI_SYSTEM: see errno",
}
# getaddrinfo(3), netdb.h of macOS.
_MACOS = {2: "EAI_AGAIN: no usable answer, try again", 8: "EAI_NONAME: no such name, or no address"}
# errno.h of Linux and of macOS; none of these numbers can mean anything else for a socket on the other.
_ERRNO = {
    101: "ENETUNREACH: no route to the network",
    104: "ECONNRESET: the peer reset the connection",
    110: "ETIMEDOUT: no answer in time",
    111: "ECONNREFUSED: nobody listens there",
    113: "EHOSTUNREACH: no route to the host",
    51: "ENETUNREACH: no route to the network",
    54: "ECONNRESET: the peer reset the connection",
    60: "ETIMEDOUT: no answer in time",
    61: "ECONNREFUSED: nobody listens there",
    65: "EHOSTUNREACH: no route to the host",
}


def meaning_of(error: ErrorLink) -> str | None:
    """The name and meaning of the error number of ``error``; None when it has none or it is not a known one."""
    if error.errno is None:
        return None
    if error.type.endswith("gaierror"):
        return _GLIBC.get(error.errno) or _MACOS.get(error.errno)
    return _ERRNO.get(error.errno)
