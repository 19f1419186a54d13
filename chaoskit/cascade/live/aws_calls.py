"""Calls of a part to an AWS service by boto3, one try each: whether and when to try again is a policy's business here, not the SDK's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chaoskit.cascade.live.stage import Stage
from chaoskit.units import SECOND, Duration

THREADS = 32


class AwsCalls:
    """A boto3 client whose calls run on threads and are told to the journal."""

    def __init__(self, stage: Stage, service: str, *, time_out: Duration = 2 * SECOND) -> None:
        import boto3
        from botocore.config import Config

        config = Config(
            connect_timeout=time_out / SECOND,
            read_timeout=time_out / SECOND,
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=THREADS,
        )
        self._stage = stage
        self._sdk: Any = boto3.session.Session(region_name=stage.region).client(service, config=config)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=service)
        self._loop = asyncio.get_running_loop()

    async def ask(self, method: str, **params: Any) -> Any:
        """Call ``method`` of the client; raises what the SDK raises."""
        return await self._loop.run_in_executor(self._threads, self._call, method, params)

    def begin(self, method: str, done: Callable[[Any, Exception | None], None], **params: Any) -> None:
        """Call ``method`` and have ``done`` hear of the answer or the error, on the event loop."""

        def work() -> None:
            try:
                answer, error = self._call(method, params), None
            except Exception as raised:  # noqa: BLE001 - whatever the SDK raises is what the part sees
                answer, error = None, raised
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(done, answer, error)

        self._threads.submit(work)

    def _call(self, method: str, params: dict[str, Any]) -> Any:
        number = self._stage.call_started(method)
        try:
            answer = getattr(self._sdk, method)(**params)
        except Exception as error:
            self._stage.call_finished(number, error)
            raise
        self._stage.call_finished(number, None)
        return answer


def code_of(error: BaseException) -> str:
    """The service's error code (``InsufficientInstanceCapacity``), or the exception's class where no service has answered."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(code or type(error).__name__)
