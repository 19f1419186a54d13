"""The HTTP probe's process."""

from __future__ import annotations

import ssl
from importlib.metadata import version

import h11

from chaoskit.child import Child
from chaoskit.clients.http import Http
from chaoskit.clients.http.connection import HttpConnection, dial
from chaoskit.clients.probe import CALL_FIELD
from chaoskit.clients.probe_workload import ProbeWorkload, Progress, UnexpectedAnswerError
from chaoskit.clients.process import play
from chaoskit.host_port import host_port


class HttpProbe(ProbeWorkload):
    """Requests to one URL."""

    ERRORS = (OSError, h11.ProtocolError)

    def __init__(self, child: Child, plan: Http) -> None:
        self._http, self._method = plan, plan.method or "GET"
        super().__init__(child, plan, f"{self._method} {plan.parts.path or '/'}", {"url": plan.url or ""})
        self._idle: list[HttpConnection] = []
        self._tls: ssl.SSLContext | None = None
        self._body = (plan.body or "").encode()
        self._fields = self._header_fields()

    def versions(self) -> dict[str, str]:
        return {"h11": version("h11")}

    def _header_fields(self) -> list[tuple[str, str]]:
        plan = self._http
        host, port = plan.address
        usual = {"http": 80, "https": 443}[plan.parts.scheme]
        fields = {"Host": host_port((host, port)) if port != usual else host, "User-Agent": "chaoskit", "Accept": "*/*"}
        if self._body:
            fields["Content-Length"] = str(len(self._body))
        if plan.connection == "cold":
            fields["Connection"] = "close"
        own = {name.lower() for name in plan.headers or {}}
        return [
            *((name, value) for name, value in fields.items() if name.lower() not in own),
            *(plan.headers or {}).items(),
        ]

    async def ask(self, progress: Progress) -> int:
        connection = await self._connection(progress)
        progress.doing = "waiting for the answer"
        request = h11.Request(
            method=self._method, target=self._http.target, headers=[*self._fields, (CALL_FIELD, progress.call)]
        )
        try:
            status, body = await connection.exchange(request, self._body)
        except BaseException:
            connection.close()
            raise
        if self._http.connection == "warm" and connection.reusable:
            self._idle.append(connection)
        else:
            connection.close()
        if complaint := self._http.complaint(status, body):
            raise UnexpectedAnswerError(complaint, status)
        return status

    async def _connection(self, progress: Progress) -> HttpConnection:
        """One that was kept and is still open, the last used first, as pools have it; otherwise a new one."""
        while self._idle:
            connection = self._idle.pop()
            if connection.reusable:
                return connection
            connection.close()
        if self._http.parts.scheme == "https" and self._tls is None:
            self._tls = (
                ssl.create_default_context()
            )  # not before: the throw-away certificate is written while clients start
        return await dial(*self._http.address, self._tls, progress)


def main() -> None:
    """Read the plan, become ready, and ask until told otherwise."""
    play(lambda child, given: HttpProbe(child, Http.from_json(given)))


if __name__ == "__main__":
    main()
