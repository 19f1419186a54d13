"""The control API's socket and thread. The DNS server has the main thread and its own loop; this one may die without disturbing it.

Why a thread and not a process: what the two share is one reference to an immutable responder, handed over on the DNS server's loop, so
there is nothing to lock and nothing to serialise. What a thread could disturb is the time that the DNS server gets from the interpreter;
therefore bodies are small, and ``chaoskit serve`` has the interpreter switch threads ten times as often as it does by default. What no
thread can disturb is when an injection ends: that is compared with the clock at each query.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import sys
import threading
import traceback
from collections.abc import Callable

from starlette.types import ASGIApp

from chaoskit.dns.control.address import Address, Tcp, Unix
from chaoskit.dns.control.connections import protocol
from chaoskit.errors import PlaneError

CONCURRENT = 64
"""Connections at once; more make the oldest idle one end (``connections``)."""

STOP_WITHIN_S = 3.0


def bind(address: Address) -> tuple[socket.socket, Address]:
    """A listening socket, and where it is. A Unix socket is its owner's alone (mode 0600). Raises ``PlaneError``."""
    try:
        if isinstance(address, Unix):
            _remove_dead(address)
        made = socket.socket(_family(address), socket.SOCK_STREAM)
        try:
            _bind(made, address)
            made.listen()
        except OSError:
            made.close()
            raise
    except OSError as error:
        why = error.strerror or str(error)
        raise PlaneError(f"cannot listen for control on {address}: {why}; choose another --control") from error
    return made, address if isinstance(address, Unix) else Tcp(address.host, made.getsockname()[1])


def _bind(made: socket.socket, address: Address) -> None:
    if isinstance(address, Unix):
        before = os.umask(0o177)  # so that it is never open to others, not even for a moment
        try:
            made.bind(str(address.path))
        finally:
            os.umask(before)
    else:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address.host, address.port))


def _family(address: Address) -> socket.AddressFamily:
    if isinstance(address, Unix):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address.host else socket.AF_INET


def _remove_dead(address: Unix) -> None:
    """Remove the socket that a killed server left behind; one that answers, or is no socket, is left alone."""
    try:
        if not stat.S_ISSOCK(address.path.lstat().st_mode):
            raise PlaneError(f"{address.path} exists and is no socket; choose another --control")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
        try:
            knock.connect(str(address.path))
        except ConnectionRefusedError:
            address.path.unlink()


class ControlThread:
    """Serves ``app`` on a bound socket until stopped. ``on_death`` is called, on the thread, if it ends unasked."""

    def __init__(
        self, app: ASGIApp, bound: socket.socket, on_death: Callable[[], object], most: int = CONCURRENT
    ) -> None:
        import uvicorn

        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=protocol(most),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",  # a request that is none is its sender's affair, and may come again and again
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=most,
            timeout_graceful_shutdown=1,
            h11_max_incomplete_event_size=16 * 1024,
        )
        self.server = uvicorn.Server(config)
        self._socket = bound
        self._on_death = on_death
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    def start(self) -> None:
        """Begin; connections made since the socket was bound are served."""
        self._thread.start()

    def stop(self, before: Callable[[], None]) -> None:
        """End it; ``before`` is called on its loop, to end what would go on for ever. Returns when it has ended, or hangs."""
        self._stopping = True
        self.server.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(before)
        self._thread.join(STOP_WITHIN_S)
        self._socket.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException:  # noqa: BLE001 - a thread's exception reaches nobody else
            traceback.print_exc(file=sys.stderr)
        if not self._stopping:
            self._on_death()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self.server.serve(sockets=[self._socket])
