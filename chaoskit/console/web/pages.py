"""The console over HTTP: its page, its style and script, the stream of what is known, and the forms. It changes nothing itself.

What acts (``/injections``, ``/halt`` …) stands beside these routes, behind the same gate, which asks for the page's own secret in each
request that changes something: another origin's page cannot read it.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from html import escape
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from chaoskit.charts.files import FOLDER as CHARTS
from chaoskit.console.web.forms import fault_forms
from chaoskit.dns.control.gate import PageAccess

STATIC = Path(__file__).parent / "static"
EVERY_S = 1.0
WATCHERS_MOST = 24

FILES = {
    "/console/theme.css": (CHARTS / "theme.css", "text/css"),
    "/console/charts.css": (CHARTS / "charts.css", "text/css"),
    "/console/console.css": (STATIC / "console.css", "text/css"),
    "/console/console.js": (STATIC / "console.js", "text/javascript"),
}

GUARDED = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Headers of everything that a browser is given: it loads nothing from elsewhere, sends nothing there, and is framed by nobody."""

Snapshots = Callable[[], Awaitable[dict[str, Any]]]


def page_access() -> PageAccess:
    """A new secret for one process's page, and the paths that a browser may have before it can show a token."""
    return PageAccess(secrets.token_urlsafe(), frozenset({"/", *FILES}))


class ConsolePages:
    """The routes of one console. ``snapshot`` makes what the page draws, at most once for each of ``every_s`` and watcher."""

    def __init__(self, snapshot: Snapshots, access: PageAccess, every_s: float = EVERY_S) -> None:
        self._snapshot = snapshot
        self._access = access
        self._every_s = every_s
        self._watchers = 0
        self._closed = asyncio.Event()

    def routes(self) -> list[Route]:
        """For an application that stands behind the gate."""
        files = [Route(path, self._file, methods=["GET"]) for path in FILES]
        return [
            Route("/", self._page, methods=["GET"]),
            *files,
            Route("/console/forms", self._forms, methods=["GET"]),
            Route("/console/stream", self._stream, methods=["GET"]),
        ]

    def close(self) -> None:
        """Let all streams end; on the loop that serves them."""
        self._closed.set()

    async def _page(self, request: Request) -> Response:
        text = (STATIC / "console.html").read_text(encoding="utf-8")
        page = text.replace("{{ csrf }}", escape(self._access.secret))
        return Response(page, media_type="text/html; charset=utf-8", headers=GUARDED)

    async def _file(self, request: Request) -> Response:
        path, media_type = FILES[request.url.path]
        return Response(path.read_bytes(), media_type=f"{media_type}; charset=utf-8", headers=GUARDED)

    async def _forms(self, request: Request) -> Response:
        return JSONResponse(fault_forms(), headers=GUARDED)

    async def _stream(self, request: Request) -> Response:
        if self._watchers >= WATCHERS_MOST:
            raise HTTPException(503, f"{WATCHERS_MOST} pages watch already; close one of them")
        self._watchers += 1
        return StreamingResponse(self._states(), media_type="text/event-stream", headers=GUARDED)

    async def _states(self) -> AsyncIterator[str]:
        try:
            while not self._closed.is_set():
                yield f"event: state\ndata: {json.dumps(await self._snapshot(), ensure_ascii=False)}\n\n"
                try:
                    await asyncio.wait_for(self._closed.wait(), self._every_s)
                except TimeoutError:
                    continue
        finally:
            self._watchers -= 1
