"""The application in Python: one boto3 client, a call a period, and a health endpoint that its ``except`` clauses decide about."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

from chaoskit.child import Child
from chaoskit.clients.app import App
from chaoskit.clients.app.health import Endpoint, poll
from chaoskit.clients.boto3 import Boto3
from chaoskit.clients.boto3.__main__ import make_client, max_attempts, method_of, warm_up
from chaoskit.clients.boto3.attempts import Attempts
from chaoskit.clients.errors import error_chain
from chaoskit.clients.process import play
from chaoskit.clients.schedule import Lane, Slot, drive
from chaoskit.clock import Instant, WallClock
from chaoskit.journal.events import CallFinished, CallStarted, ClientReady, Result
from chaoskit.units import format_duration


class Application:
    """The application: its SDK client, its endpoint, and what it makes of errors."""

    def __init__(self, child: Child, plan: App) -> None:
        self._child, self._plan, self._clock = child, plan, WallClock()
        boto3 = _as_boto3(plan)
        self._attempts = Attempts(child, plan.client, self._clock.now)  # before the session: see there
        self._operation, self._params = boto3.call
        self._sdk = make_client(boto3)
        self._method = method_of(self._sdk, boto3)
        warm_up(self._sdk, self._method, self._params)
        self._attempts.attach(self._sdk.meta.events)
        self._endpoint = Endpoint()

    def ready(self) -> ClientReady:
        """What is tested."""
        settings = {
            "language": "python",
            "health_counts": ", ".join(self._plan.counts),
            "connection": self._plan.connection,
            "service": self._plan.service,
            "operation": self._operation,
            "every": format_duration(self._plan.every_ns),
            "retry_mode": str(self._sdk.meta.config.retries["mode"]),
            "max_attempts": max_attempts(self._sdk),
        }
        return ClientReady(
            at=self._clock.now(),
            client=self._plan.client,
            use="app",
            pid=os.getpid(),
            versions={"boto3": version("boto3"), "botocore": version("botocore"), "python": platform.python_version()},
            settings=settings,
        )

    async def run(self, origin: Instant, ends: Instant) -> None:
        """Make all calls of the run, and let the endpoint be asked meanwhile."""
        threads = ThreadPoolExecutor(1, thread_name_prefix="call")
        loop = asyncio.get_running_loop()

        async def call(slot: Slot) -> None:
            await loop.run_in_executor(threads, self.call, slot)

        await asyncio.gather(
            drive([Lane(self._plan.every_ns)], self._clock, origin, ends, call),
            poll(self._endpoint.port, self._plan.client, self._clock, origin, ends, self._child.emit),
        )
        threads.shutdown(wait=False)

    def call(self, slot: Slot) -> None:
        """One call; what it raises decides about health if it counts."""
        client = self._plan.client
        self._child.emit(
            CallStarted(
                at=self._clock.now(),
                client=client,
                call=slot.number,
                operation=self._operation,
                due=slot.due,
                concurrent=slot.concurrent,
            )
        )
        error: Exception | None = None
        with self._attempts.call(slot.number):
            try:
                self._method(**self._params)
                self._endpoint.healthy = True
            except Exception as caught:  # noqa: BLE001 - whatever the SDK raises is what the application sees
                error = caught
                if counts(caught, self._plan.counts):
                    self._endpoint.healthy = False
        errors = error_chain(error) if error else ()
        result: Result = "failed" if error else "ok"
        self._child.emit(
            CallFinished(at=self._clock.now(), client=client, call=slot.number, result=result, errors=errors)
        )
        if self._plan.connection == "cold":
            self._sdk.close()


def counts(error: Exception, classes: Collection[str]) -> bool:
    """Whether ``except (classes)`` would catch it: by the names of its class and of those that it derives from."""
    return any(kind.__name__ in classes for kind in type(error).__mro__)


def _as_boto3(plan: App) -> Boto3:
    settings = {
        "client": plan.client,
        "service": plan.service,
        "operation": plan.operation,
        "region": plan.region,
        "connection": plan.connection,
        "every_ns": plan.every_ns,
        "retry_mode": plan.retry_mode,
        "max_attempts": plan.max_attempts,
        "connect_timeout_ns": plan.connect_timeout_ns,
        "read_timeout_ns": plan.read_timeout_ns,
    }
    return Boto3.from_json(settings)


def main() -> None:
    """Read the plan, become ready, and serve until told otherwise."""
    play(lambda child, given: Application(child, App.from_json(given)))


if __name__ == "__main__":
    main()
