"""The httpx probe's process."""

from __future__ import annotations

import ssl
from importlib.metadata import version

import httpx

from chaoskit.child import Child
from chaoskit.clients.httpx import Httpx
from chaoskit.clients.probe import CALL_FIELD
from chaoskit.clients.probe_workload import ProbeWorkload, Progress, UnexpectedAnswerError
from chaoskit.clients.process import play


class HttpxProbe(ProbeWorkload):
    """Requests to one URL by one client."""

    ERRORS = (OSError, httpx.HTTPError)

    def __init__(self, child: Child, plan: Httpx) -> None:
        self._http, self._method = plan, plan.method or "GET"
        super().__init__(child, plan, f"{self._method} {plan.parts.path or '/'}", {"url": plan.url or ""})
        self._client: httpx.AsyncClient | None = None

    def versions(self) -> dict[str, str]:
        return {"httpx": httpx.__version__, "httpcore": version("httpcore")}

    async def ask(self, progress: Progress) -> int:
        plan = self._http
        progress.doing = "waiting for httpx"
        self._client = self._client or self._new_client()
        answer = await self._client.request(
            self._method,
            plan.url or "",
            headers={**(plan.headers or {}), CALL_FIELD: progress.call},
            content=plan.body.encode() if plan.body else None,
        )
        if complaint := plan.complaint(answer.status_code, answer.content):
            raise UnexpectedAnswerError(complaint, answer.status_code)
        return answer.status_code

    def _new_client(self) -> httpx.AsyncClient:
        """A client as httpx makes it, but for the certificates: the throw-away one is written while clients start."""
        idle_connections = 0 if self._http.connection == "cold" else 20
        limits = httpx.Limits(
            max_connections=100, max_keepalive_connections=idle_connections
        )  # httpx's own, but for cold
        return httpx.AsyncClient(verify=ssl.create_default_context(), limits=limits)


def main() -> None:
    """Read the plan, become ready, and ask until told otherwise."""
    play(lambda child, given: HttpxProbe(child, Httpx.from_json(given)))


if __name__ == "__main__":
    main()
