"""The boto3 client's process; the contract is in ``chaoskit.child``, the plan in ``chaoskit.clients.boto3``."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any

from chaoskit.child import Child
from chaoskit.clients.boto3 import Boto3
from chaoskit.clients.boto3.attempts import Attempts
from chaoskit.clients.errors import error_chain
from chaoskit.clients.process import play
from chaoskit.clients.schedule import Lane, Slot, drive
from chaoskit.clock import Instant, WallClock
from chaoskit.errors import PlaneError
from chaoskit.journal.events import CallFinished, CallStarted, ClientReady
from chaoskit.units import SECOND, format_duration

Seen = Callable[[Exception | None], object]


class Workload:
    """One boto3 client object and the calls made with it. ``listener`` is told what each call raised, or ``None``."""

    def __init__(self, child: Child, plan: Boto3, listener: Seen = lambda _: None) -> None:
        self._child, self._plan, self._seen, self._clock = child, plan, listener, WallClock()
        self._attempts = Attempts(child, plan.client, self._clock.now)
        self._operation, self._params = plan.call
        self._sdk = make_client(plan)
        self._method = method_of(self._sdk, plan)
        warm_up(self._sdk, self._method, self._params)
        self._attempts.attach(self._sdk.meta.events)

    def ready(self) -> ClientReady:
        """What is tested: versions, and settings as botocore resolved them."""
        retries = self._sdk.meta.config.retries
        settings = {
            "connection": self._plan.connection,
            "service": self._plan.service,
            "operation": self._operation,
            "every": format_duration(self._plan.every_ns),
            "retry_mode": str(retries["mode"]),
            "max_attempts": max_attempts(self._sdk),
            "connect_timeout": f"{self._sdk.meta.config.connect_timeout:g} s",
            "read_timeout": f"{self._sdk.meta.config.read_timeout:g} s",
        }
        if self._plan.connection == "burst":
            settings |= {
                "burst_size": str(self._plan.burst_size),
                "burst_every": format_duration(self._plan.burst_every_ns),
                "pool": str(self._sdk.meta.config.max_pool_connections),
            }
        return ClientReady(
            at=self._clock.now(),
            client=self._plan.client,
            use="boto3",
            pid=os.getpid(),
            versions={
                "boto3": version("boto3"),
                "botocore": version("botocore"),
                "urllib3": version("urllib3"),
                "python": platform.python_version(),
            },
            settings=settings,
        )

    async def run(self, origin: Instant, ends: Instant) -> None:
        """Make all calls of the run."""
        plan = self._plan
        lanes = [Lane(plan.every_ns)]
        if plan.connection == "burst":
            lanes.append(Lane(plan.burst_every_ns, first=plan.burst_every_ns // 2, size=plan.burst_size))
        threads = ThreadPoolExecutor(sum(lane.size for lane in lanes), thread_name_prefix="call")
        loop = asyncio.get_running_loop()

        async def call(slot: Slot) -> None:
            await loop.run_in_executor(threads, self.call, slot)

        await drive(lanes, self._clock, origin, ends, call)
        threads.shutdown(wait=False)

    def close(self) -> None:
        """Close connections and stop listening for reports."""
        self._sdk.close()
        self._attempts.close()

    def call(self, slot: Slot) -> None:
        """Make one call and tell what the application saw."""
        self._child.emit(
            CallStarted(
                at=self._clock.now(),
                client=self._plan.client,
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
            except Exception as caught:  # noqa: BLE001 - whatever the SDK raises is what the application sees
                error = caught
        self._seen(error)
        self._child.emit(
            CallFinished(
                at=self._clock.now(),
                client=self._plan.client,
                call=slot.number,
                result="failed" if error else "ok",
                errors=error_chain(error) if error else (),
            )
        )
        if self._plan.connection == "cold":
            self._sdk.close()  # empties the pool; the client and its retry quota live on


def make_client(plan: Boto3) -> Any:
    """A client as an application makes one: settings come by the environment, where users set them."""
    if plan.retry_mode:
        os.environ["AWS_RETRY_MODE"] = plan.retry_mode
    if plan.max_attempts:
        os.environ["AWS_MAX_ATTEMPTS"] = str(plan.max_attempts)
    import boto3
    from botocore.config import Config

    limits = {"connect_timeout": plan.connect_timeout_ns, "read_timeout": plan.read_timeout_ns}
    config = Config(**{name: ns / SECOND for name, ns in limits.items() if ns is not None})
    return boto3.session.Session(region_name=plan.region).client(plan.service, config=config)


def method_of(sdk: Any, plan: Boto3) -> Any:
    """The client's method for the plan's operation. Raises ``PlaneError`` if the service has no such operation."""
    operation, _ = plan.call
    names = [name for name, api in sdk.meta.method_to_api_mapping.items() if api == operation]
    if not names:
        raise PlaneError(f"{plan.service} has no operation {operation!r}; names are as in the API")
    return getattr(sdk, names[0])


def warm_up(sdk: Any, method: Any, params: dict[str, Any]) -> None:
    """Load what the first call would load, so that it is timed like the others; nothing is sent or looked up.

    Presigning a URL checks the parameters, resolves credentials and endpoint, and signs, all without a connection.
    ``encodings.idna`` is what ``socket`` imports at the first host name.
    """
    import encodings.idna  # noqa: F401

    from botocore.exceptions import ParamValidationError

    try:
        sdk.generate_presigned_url(method.__name__, Params=params)
    except ParamValidationError as error:
        raise PlaneError(f"operation {method.__name__} needs parameters: {error}") from error


def max_attempts(sdk: Any) -> str:
    """How many tries a call may take, as far as botocore's resolved configuration says it."""
    retries = sdk.meta.config.retries
    if "total_max_attempts" in retries:
        return str(retries["total_max_attempts"])
    if "max_attempts" in retries:
        return str(retries["max_attempts"] + 1)
    return "default"


def main() -> None:
    """Read the plan, become ready, and serve until told otherwise."""
    play(lambda child, given: Workload(child, Boto3.from_json(given)))


if __name__ == "__main__":
    main()
