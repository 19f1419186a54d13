"""The aiobotocore client's process: botocore's own events tell each try, in the task of the call that it belongs to."""

from __future__ import annotations

import asyncio
import os
import platform
from contextvars import ContextVar
from importlib.metadata import version
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from chaoskit.child import Child
from chaoskit.clients.aiobotocore import Aiobotocore
from chaoskit.clients.boto3 import CALLS
from chaoskit.clients.errors import error_chain
from chaoskit.clients.process import own_faults_are_fatal, play
from chaoskit.clients.schedule import Lane, Slot, drive
from chaoskit.clock import Instant, WallClock
from chaoskit.journal.events import AttemptFinished, AttemptStarted, CallFinished, CallStarted, ClientReady, Result
from chaoskit.units import SECOND, format_duration

CALL: ContextVar[int | None] = ContextVar("call", default=None)
"""The number of the call that this task makes."""


class Attempts:
    """Tells of each try. botocore's events are emitted in the task that makes the call, so there is no doubt whose a try is."""

    def __init__(self, child: Child, client: str) -> None:
        self._child, self._client, self._now = child, client, WallClock().now
        self._began: dict[int, tuple[int, Instant]] = {}

    def attach(self, events: Any) -> None:
        """Register on ``client.meta.events``."""
        events.register_last("request-created", self._started)
        events.register_last("response-received", self._finished)

    def _started(self, request: Any, **_: Any) -> None:
        with own_faults_are_fatal(self._child):
            call, retries, at = CALL.get(), request.context["retries"], self._now()
            if call is None:
                return
            self._began[call] = (retries["attempt"], at)
            self._child.emit(
                AttemptStarted(
                    at=at,
                    client=self._client,
                    call=call,
                    attempt=retries["attempt"],
                    invocation=retries["invocation-id"],
                )
            )

    def _finished(self, response_dict: Any, parsed_response: Any, exception: Any, **_: Any) -> None:
        with own_faults_are_fatal(self._child):
            call, at = CALL.get(), self._now()
            if call is None or call not in self._began:
                return
            attempt, began = self._began.pop(call)
            status = None if response_dict is None else int(response_dict["status_code"])
            code = (parsed_response or {}).get("Error", {}).get("Code")
            error = f"{type(exception).__name__}: {exception}" if exception is not None else code
            self._child.emit(
                AttemptFinished(
                    at=at,
                    client=self._client,
                    call=call,
                    attempt=attempt,
                    result="failed" if error or (status or 0) >= 400 else "ok",
                    latency_ns=at - began,
                    status=status,
                    error=error,
                )
            )


class Workload:
    """One aiobotocore client and the calls made with it."""

    def __init__(self, child: Child, plan: Aiobotocore) -> None:
        self._child, self._plan, self._clock = child, plan, WallClock()
        self._operation, self._params = CALLS[plan.service]
        self._attempts = Attempts(child, plan.client)
        for name, value in (("AWS_RETRY_MODE", plan.retry_mode), ("AWS_MAX_ATTEMPTS", plan.max_attempts)):
            if value:
                os.environ[name] = str(value)
        self._session = get_session()
        asyncio.run(self._warm_up())

    async def _warm_up(self) -> None:
        """Load what the first client would load: the session keeps it.

        Nothing is sent, and no certificate is read: it may not be written yet.
        """
        plan = self._plan
        async with self._session.create_client(plan.service, region_name=plan.region, verify=False) as sdk:
            await sdk.generate_presigned_url(_method_name(sdk, self._operation), Params=self._params)

    def ready(self) -> ClientReady:
        """What is tested: versions, and settings as far as they are set."""
        plan = self._plan

        def shown(length_ns: int | None) -> str:
            return format_duration(length_ns) if length_ns is not None else "default"

        names = ("aiobotocore", "botocore", "aiohttp")
        return ClientReady(
            at=self._clock.now(),
            client=plan.client,
            use="aiobotocore",
            pid=os.getpid(),
            versions={name: version(name) for name in names} | {"python": platform.python_version()},
            settings={
                "connection": plan.connection,
                "service": plan.service,
                "operation": self._operation,
                "every": format_duration(plan.every_ns),
                "retry_mode": plan.retry_mode or "default",
                "max_attempts": str(plan.max_attempts or "default"),
                "connect_timeout": shown(plan.connect_timeout_ns),
                "read_timeout": shown(plan.read_timeout_ns),
            },
        )

    async def run(self, origin: Instant, ends: Instant) -> None:
        """Make all calls of the run. With *cold* each connection is closed after its call; the client and its retry quota live on."""
        plan = self._plan
        lanes = [Lane(plan.every_ns)]
        if plan.connection == "burst":
            lanes.append(Lane(plan.burst_every_ns, first=plan.burst_every_ns // 2, size=plan.burst_size))
        limits = {"connect_timeout": plan.connect_timeout_ns, "read_timeout": plan.read_timeout_ns}
        given: dict[str, Any] = {name: ns / SECOND for name, ns in limits.items() if ns is not None}
        if plan.connection == "cold":
            given["connector_args"] = {"force_close": True, "keepalive_timeout": None}  # aiohttp takes one of the two
        async with self._session.create_client(plan.service, region_name=plan.region, config=AioConfig(**given)) as sdk:
            self._attempts.attach(sdk.meta.events)
            method = getattr(sdk, _method_name(sdk, self._operation))

            async def call(slot: Slot) -> None:
                await asyncio.create_task(self.call(slot, method))  # a context of its own

            await drive(lanes, self._clock, origin, ends, call)

    async def call(self, slot: Slot, method: Any) -> None:
        """Make one call and tell what the application saw."""
        CALL.set(slot.number)
        client, now = self._plan.client, self._clock.now
        self._child.emit(
            CallStarted(
                at=now(),
                client=client,
                call=slot.number,
                operation=self._operation,
                due=slot.due,
                concurrent=slot.concurrent,
            )
        )
        error: Exception | None = None
        try:
            await method(**self._params)
        except Exception as caught:  # noqa: BLE001 - whatever the SDK raises is what the application sees
            error = caught
        errors = error_chain(error) if error else ()
        result: Result = "failed" if error else "ok"
        self._child.emit(CallFinished(at=now(), client=client, call=slot.number, result=result, errors=errors))


def _method_name(sdk: Any, operation: str) -> str:
    names: dict[str, str] = sdk.meta.method_to_api_mapping
    return next(name for name, api in names.items() if api == operation)


def main() -> None:
    """Read the plan, become ready, and serve until told otherwise."""
    play(lambda child, given: Workload(child, Aiobotocore.from_json(given)))


if __name__ == "__main__":
    main()
