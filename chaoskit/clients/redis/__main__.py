"""The Redis probe's process."""

from __future__ import annotations

import redis
import redis.asyncio

from chaoskit.child import Child
from chaoskit.clients.probe_workload import ProbeWorkload, Progress
from chaoskit.clients.process import play
from chaoskit.clients.redis import Redis


class RedisProbe(ProbeWorkload):
    """One command over and over."""

    ERRORS = (OSError, redis.RedisError)

    def __init__(self, child: Child, plan: Redis) -> None:
        self._redis = plan
        self._command = plan.command or ("PING",)
        super().__init__(child, plan, self._command[0].upper(), {"url": plan.shown})
        self._kept: redis.asyncio.Redis | None = None

    def versions(self) -> dict[str, str]:
        return {"redis": redis.__version__}

    async def ask(self, progress: Progress) -> None:
        progress.doing = "waiting for redis-py"
        if self._redis.connection == "warm":
            self._kept = self._kept or self._client()
            await self._kept.execute_command(*self._command)  # type: ignore[no-untyped-call]
            return
        async with self._client() as client:
            await client.execute_command(*self._command)  # type: ignore[no-untyped-call]

    def _client(self) -> redis.asyncio.Redis:
        limit = self._redis.timeout_ns / 1e9
        client: redis.asyncio.Redis = redis.asyncio.Redis.from_url(
            self._redis.url or "", socket_timeout=limit, socket_connect_timeout=limit
        )
        return client


def main() -> None:
    """Read the plan, become ready, and ask until told otherwise."""
    play(lambda child, given: RedisProbe(child, Redis.from_json(given)))


if __name__ == "__main__":
    main()
