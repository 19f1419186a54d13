"""The application in Python: one boto3 client, a call a period, and a health endpoint that its ``except`` clauses decide about."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import fields

from chaoskit.child import Child
from chaoskit.clients.app import App
from chaoskit.clients.app.health import Endpoint, poll
from chaoskit.clients.boto3 import Boto3
from chaoskit.clients.boto3.__main__ import Workload
from chaoskit.clients.process import play
from chaoskit.clients.sdk import SdkPlan
from chaoskit.clock import Instant, WallClock
from chaoskit.journal.events import ClientReady


class Application:
    """The application: its SDK client, its endpoint, and what it makes of errors."""

    def __init__(self, child: Child, plan: App) -> None:
        self._child, self._plan = child, plan
        self._workload = Workload(child, _as_boto3(plan), self._judge)
        self._endpoint = Endpoint()

    def ready(self) -> ClientReady:
        """What is tested."""
        ready = self._workload.ready()
        own = {"language": "python", "health_counts": ", ".join(self._plan.counts)}
        return ready.with_fields(use="app", settings=own | dict(ready.settings))

    async def run(self, origin: Instant, ends: Instant) -> None:
        """Make all calls of the run, and let the endpoint be asked meanwhile."""
        await asyncio.gather(
            self._workload.run(origin, ends),
            poll(self._endpoint.port, self._plan.client, WallClock(), origin, ends, self._child.emit),
        )

    def _judge(self, error: Exception | None) -> None:
        """A call that succeeded is health; an error decides if it counts."""
        if error is None:
            self._endpoint.healthy = True
        elif counts(error, self._plan.counts):
            self._endpoint.healthy = False


def counts(error: Exception, classes: Collection[str]) -> bool:
    """Whether ``except (classes)`` would catch it: by the names of its class and of those that it derives from."""
    return any(kind.__name__ in classes for kind in type(error).__mro__)


def _as_boto3(plan: App) -> Boto3:
    return Boto3(**{field.name: getattr(plan, field.name) for field in fields(SdkPlan)})


def main() -> None:
    """Read the plan, become ready, and serve until told otherwise."""
    play(lambda child, given: Application(child, App.from_json(given)))


if __name__ == "__main__":
    main()
