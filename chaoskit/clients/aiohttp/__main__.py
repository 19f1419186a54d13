"""The aiohttp probe's process."""

from __future__ import annotations

import ssl

import aiodns
import aiohttp
import pycares

from chaoskit.child import Child
from chaoskit.clients.aiohttp import Aiohttp
from chaoskit.clients.probe import CALL_FIELD
from chaoskit.clients.probe_workload import ProbeWorkload, Progress, UnexpectedAnswerError
from chaoskit.clients.process import play


class AiohttpProbe(ProbeWorkload):
    """Requests to one URL over one session."""

    ERRORS = (OSError, aiohttp.ClientError)

    def __init__(self, child: Child, plan: Aiohttp) -> None:
        self._http, self._method = plan, plan.method or "GET"
        super().__init__(child, plan, f"{self._method} {plan.parts.path or '/'}", {"url": plan.url or ""})
        self._session: aiohttp.ClientSession | None = None

    def versions(self) -> dict[str, str]:
        return {
            "aiohttp": aiohttp.__version__,
            "aiodns": aiodns.__version__,
            "pycares": pycares.__version__,
            "c-ares": pycares.ARES_VERSION,
        }

    async def ask(self, progress: Progress) -> int:
        plan = self._http
        progress.doing = "waiting for aiohttp"
        self._session = self._session or self._new_session()
        async with self._session.request(
            self._method,
            plan.url or "",
            headers={**(plan.headers or {}), CALL_FIELD: progress.call},
            data=plan.body.encode() if plan.body else None,
            allow_redirects=False,
        ) as answer:
            body = await answer.read()
        if complaint := plan.complaint(answer.status, body):
            raise UnexpectedAnswerError(complaint, answer.status)
        return answer.status

    def _new_session(self) -> aiohttp.ClientSession:
        """A session as aiohttp makes it, but for the certificates: those that it loads on import were not written yet."""
        connector = aiohttp.TCPConnector(force_close=self._http.connection == "cold", ssl=ssl.create_default_context())
        return aiohttp.ClientSession(connector=connector)


def main() -> None:
    """Read the plan, become ready, and ask until told otherwise."""
    play(lambda child, given: AiohttpProbe(child, Aiohttp.from_json(given)))


if __name__ == "__main__":
    main()
