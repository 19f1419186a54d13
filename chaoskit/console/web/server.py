"""A console's own web server, on loopback: for a run, or beside a server without a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from starlette.routing import Route

from chaoskit.console.web.pages import ConsolePages
from chaoskit.dns.control.address import Tcp
from chaoskit.dns.control.api import guarded_app
from chaoskit.dns.control.gate import Gate, PageAccess
from chaoskit.dns.control.http import ControlThread, bind


@contextmanager
def serving(
    pages: ConsolePages,
    routes: Sequence[Route],
    access: PageAccess,
    port: int = 0,
    on_death: Callable[[], None] = lambda: None,
) -> Iterator[str]:
    """Serve the console on 127.0.0.1 while the block runs; yields its URL. Port 0 is any free one. Raises ``PlaneError``."""
    bound, address = bind(Tcp("127.0.0.1", port))
    thread = ControlThread(guarded_app(routes, Gate(None, local=True, page=access)), bound, on_death)
    thread.start()
    try:
        yield f"{address}/"
    finally:
        thread.stop(pages.close)
