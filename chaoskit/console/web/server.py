"""A console's own web server: for a run, or beside a server without a page. Off loopback only with tokens."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.routing import Route

from chaoskit.console.web.pages import ConsolePages
from chaoskit.dns.control.address import Tcp
from chaoskit.dns.control.api import guarded_app
from chaoskit.dns.control.gate import Gate, PageAccess
from chaoskit.dns.control.http import ControlThread, bind
from chaoskit.errors import PlaneError


@dataclass(frozen=True, slots=True)
class PageTokens:
    """Who shows ``act`` may watch and act, who shows ``watch`` may watch."""

    act: str
    watch: str

    @classmethod
    def draw(cls) -> PageTokens:
        """Two new ones."""
        return cls(secrets.token_urlsafe(), secrets.token_urlsafe())


@contextmanager
def serving(
    pages: ConsolePages,
    routes: Sequence[Route],
    access: PageAccess,
    port: int = 0,
    on_death: Callable[[], None] = lambda: None,
    host: str = "127.0.0.1",
    tokens: PageTokens | None = None,
) -> Iterator[str]:
    """Serve the console at ``host`` while the block runs; yields its URL. Port 0 is any free one.

    Raises ``PlaneError`` where it cannot listen, and where ``host`` is off loopback and there are no ``tokens``.
    """
    if tokens is None and not Tcp(host, port).is_loopback:
        raise PlaneError(f"the console at {host} is off loopback and needs tokens")
    bound, address = bind(Tcp(host, port))
    gate = Gate(None, local=True, page=access)
    if tokens is not None:
        gate = Gate(tokens.act, local=False, page=access, watch_token=tokens.watch)
    thread = ControlThread(guarded_app(routes, gate), bound, on_death)
    thread.start()
    try:
        yield f"{address}/"
    finally:
        thread.stop(pages.close)
