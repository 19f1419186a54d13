"""The PostgreSQL probe's process."""

from __future__ import annotations

import math

import psycopg

from chaoskit.child import Child
from chaoskit.clients.postgres import Postgres
from chaoskit.clients.probe_workload import ProbeWorkload, Progress
from chaoskit.clients.process import play


class PostgresProbe(ProbeWorkload):
    """One query over and over."""

    ERRORS = (OSError, psycopg.Error)

    def __init__(self, child: Child, plan: Postgres) -> None:
        super().__init__(child, plan, "query", {"url": plan.shown})
        self._postgres = plan
        self._idle: list[psycopg.AsyncConnection] = []

    def versions(self) -> dict[str, str]:
        return {"psycopg": psycopg.__version__}

    async def ask(self, progress: Progress) -> None:
        connection = await self._connection(progress)
        progress.doing = "waiting for the answer"
        keep = False
        try:
            cursor = await connection.execute((self._postgres.query or "SELECT 1").encode())
            await cursor.close()
            keep = self._postgres.connection == "warm"
        finally:
            if keep:
                self._idle.append(connection)
            else:
                await connection.close()

    async def _connection(self, progress: Progress) -> psycopg.AsyncConnection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        progress.doing = "connecting"
        limit = max(2, math.ceil(self._postgres.timeout_ns / 1e9))  # libpq takes 1 for 2 (PostgreSQL, connect_timeout)
        return await psycopg.AsyncConnection.connect(self._postgres.url or "", autocommit=True, connect_timeout=limit)


def main() -> None:
    """Read the plan, become ready, and ask until told otherwise."""
    play(lambda child, given: PostgresProbe(child, Postgres.from_json(given)))


if __name__ == "__main__":
    main()
