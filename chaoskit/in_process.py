"""DNS faults for the lookups of this process alone, inside a ``with`` block: no server, no sandbox, nothing but the standard library.

``socket.getaddrinfo``, ``gethostbyname`` and ``gethostbyname_ex`` are replaced while a block is open, and asyncio's resolver with them,
which calls the first in a thread. The errors are those that glibc 2.36 gave, measured, when a real server answered so:

=========  ==============================================  =========================
fault      error of ``getaddrinfo``                        after
=========  ==============================================  =========================
empty      -5 EAI_NODATA                                   at once
nxdomain   -2 EAI_NONAME                                   at once
servfail   -3 EAI_AGAIN                                    at once
refused    -3 EAI_AGAIN                                    at once
drop       -3 EAI_AGAIN                                    10 s (5 s, 2 attempts; resolv.conf(5)), times ``time_scale``
=========  ==============================================  =========================

What does not ask through Python's ``socket`` is not met: c-ares (aiodns), other programs, and connections that are open already.
A name that a module took with ``from socket import getaddrinfo`` before the block is not replaced either. With moto's decorators no lookup
is made at all; there ``chaoskit.in_process_moto`` lets each attempt meet the fault where its lookup would be.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias, get_args

from chaoskit.errors import InputError
from chaoskit.in_process_moto import MotoHook

Fault: TypeAlias = Literal["empty", "nxdomain", "servfail", "refused", "drop"]

SILENCE_S = 10.0
"""How long glibc waits for a server that says nothing: 5 s, twice (resolv.conf(5): ``timeout``, ``attempts``)."""

_NODATA = getattr(socket, "EAI_NODATA", socket.EAI_NONAME)  # not every platform has it
_ERRORS: dict[str, tuple[int, str]] = {
    "empty": (_NODATA, "No address associated with hostname"),
    "nxdomain": (socket.EAI_NONAME, "Name or service not known"),
    "servfail": (socket.EAI_AGAIN, "Temporary failure in name resolution"),
    "refused": (socket.EAI_AGAIN, "Temporary failure in name resolution"),
    "drop": (socket.EAI_AGAIN, "Temporary failure in name resolution"),
}
_FUNCTIONS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex")


@dataclass(frozen=True, slots=True)
class Lookup:
    """A lookup of this process while a block was open: the name, and the fault that it met, if any."""

    name: str
    fault: str | None = None


@dataclass(slots=True, eq=False)
class InProcessFault:
    """A fault whose block is open, or was: which names it meets, and what it has met. ``over`` is set when the block ends."""

    fault: Fault
    names: tuple[str, ...]
    time_scale: float = 1.0
    lookups: list[Lookup] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def met(self) -> int:
        """How many lookups it has failed."""
        return sum(lookup.fault is not None for lookup in self.lookups)

    def matches(self, name: str) -> bool:
        """Whether ``name``, canonical, is one of its names."""
        return any(fnmatchcase(name, pattern) for pattern in self.names)

    def error(self) -> socket.gaierror:
        """What ``getaddrinfo`` raises, after the wait that a silent server costs; the end of the block ends the wait."""
        if self.fault == "drop":
            self.over.wait(SILENCE_S * self.time_scale)
        return socket.gaierror(*_ERRORS[self.fault])

    def describe(self) -> str:
        """The fault, and every lookup that was made while its block was open, a line each."""
        lines = [f"{self.fault} for {', '.join(self.names)}: met {self.met} of {len(self.lookups)} lookups"]
        lines += [f"  {lookup.name}: {lookup.fault or 'passed on'}" for lookup in self.lookups]
        return "\n".join(lines)


_lock = threading.Lock()
_open: list[InProcessFault] = []


def meet(host: Any) -> socket.gaierror | None:
    """The error that a lookup of ``host`` gets from the innermost block that means it, noted there; None: it passes."""
    name = _canonical(host)
    if name is None:
        return None
    with _lock:
        blocks = list(reversed(_open))
        fault = next((block for block in blocks if block.matches(name)), None)
        for block in blocks:
            block.lookups.append(Lookup(name, block.fault if block is fault else None))
    return fault.error() if fault else None


def _canonical(host: Any) -> str | None:
    """Lower-case and without the last dot; None for what is looked up by no resolver: nothing, an address, undecodable bytes."""
    try:
        name = host.decode("ascii") if isinstance(host, bytes | bytearray) else host
    except UnicodeDecodeError:
        return None
    if not isinstance(name, str) or not name:
        return None
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, name.partition("%")[0])
        except (OSError, ValueError):
            continue
        return None
    return name.lower().removesuffix(".")


class _Hook:
    """What stands in for one function of ``socket``; with no block open it passes everything on."""

    def __init__(self, original: Callable[..., Any]) -> None:
        self.original = original

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        host = arguments[0] if arguments else named.get("host")
        flags = named.get("flags", arguments[5] if len(arguments) > 5 else 0)
        if not flags & socket.AI_NUMERICHOST:
            error = meet(host)
            if error is not None:
                raise error
        return self.original(*arguments, **named)


_moto = MotoHook(meet)


def _install() -> None:
    _moto.install()
    for function in _FUNCTIONS:
        current = getattr(socket, function)
        if not isinstance(current, _Hook):
            setattr(socket, function, _Hook(current))


def _restore() -> None:
    """Put back what we replaced, by identity. Where another tool has put its own on top, that stays, and our hook under it passes all."""
    _moto.restore()
    for function in _FUNCTIONS:
        current = getattr(socket, function)
        if isinstance(current, _Hook):
            setattr(socket, function, current.original)


@contextmanager
def inject(fault: Fault, *names: str, time_scale: float = 1.0) -> Iterator[InProcessFault]:
    """Fail the lookups that this process makes of ``names`` until the block ends, in every thread and event loop.

    ``names`` are host names, or patterns with ``*`` (any characters, dots included), ``?`` and ``[abc]``; case does not matter. ``fault``
    is empty, nxdomain, servfail, refused or drop. ``time_scale`` shortens the 10 s that a silent server costs. Blocks may nest: the
    innermost that means a name decides. Raises ``InputError`` for a fault or name that cannot be.
    """
    if fault not in get_args(Fault):
        raise InputError(
            f"{fault!r} is no fault for lookups of this process; write one of {', '.join(get_args(Fault))}"
        )
    if not names or not all(isinstance(name, str) and name for name in names):
        raise InputError("name at least one host, for example inject('empty', 'dynamodb.*')")
    if not 0 <= time_scale < float("inf"):
        raise InputError(f"time_scale {time_scale:g}: write a number from 0, for example 0.01")
    block = InProcessFault(fault, tuple(name.lower().removesuffix(".") for name in names), time_scale)
    with _lock:
        _install()
        _open.append(block)
    try:
        yield block
    finally:
        block.over.set()
        with _lock:
            _open.remove(block)
            if not _open:
                _restore()
