"""What an app depends on: DynamoDB by the SDK, or a service behind a load balancer by name, over plain TCP."""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol

from botocore.exceptions import BotoCoreError, ClientError

from chaoskit.cascade.live.aws_calls import AwsCalls, code_of
from chaoskit.cascade.live.stage import Stage
from chaoskit.units import SECOND, Duration

TABLE = "chaoskit"
ITEM = {"id": {"S": "1"}}


class DependencyFailed(Exception):
    """The dependency gave no answer, or an error; the message says which in a word or two."""


class Dependency(Protocol):
    """One thing that an app cannot do without. ``read`` and ``write`` raise ``DependencyFailed``."""

    async def read(self) -> None:
        """Read what a user wants to see."""

    async def write(self, key: str) -> None:
        """Put down what a user wants done, once for each ``key``."""


class Database:
    """A DynamoDB table."""

    def __init__(self, stage: Stage, time_out: Duration) -> None:
        self._calls = AwsCalls(stage, "dynamodb", time_out=time_out)

    async def read(self) -> None:
        await self._ask("get_item", TableName=TABLE, Key=ITEM)

    async def write(self, key: str) -> None:
        await self._ask("put_item", TableName=TABLE, Item={"id": {"S": key}})

    async def _ask(self, method: str, **params: object) -> None:
        try:
            await self._calls.ask(method, **params)
        except (BotoCoreError, ClientError) as error:
            raise DependencyFailed(code_of(error)) from error


class Balanced:
    """A service under a name, ``host:port``: a lookup, a connection to one of the addresses and one line for each request."""

    def __init__(self, stage: Stage, place: str, time_out: Duration) -> None:
        host, _, port = place.rpartition(":")
        self._stage, self._host, self._port, self._time_out_s = stage, host, int(port), time_out / SECOND
        self._draws = stage.stream("address")

    async def read(self) -> None:
        await self._ask()

    async def write(self, key: str) -> None:
        await self._ask()

    async def _ask(self) -> None:
        number = self._stage.call_started("request")
        try:
            async with asyncio.timeout(self._time_out_s):
                await self._request()
        except (OSError, TimeoutError) as error:
            self._stage.call_finished(number, error)
            raise DependencyFailed(_word(error)) from error
        self._stage.call_finished(number, None)

    async def _request(self) -> None:
        loop = asyncio.get_running_loop()
        places = await loop.getaddrinfo(self._host, self._port, family=socket.AF_INET, type=socket.SOCK_STREAM)
        address = str(places[int(self._draws.random() * len(places))][4][0])
        reader, writer = await asyncio.open_connection(address, self._port)
        try:
            writer.write(b"?\n")
            if await reader.readline() != b"ok\n":
                raise ConnectionAbortedError("closed without an answer")
        finally:
            writer.close()


def dependency(stage: Stage, through: str | None, time_out: Duration) -> Dependency:
    """DynamoDB where ``through`` is None, else the service under that name and port."""
    return Database(stage, time_out) if through is None else Balanced(stage, through, time_out)


def _word(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "no address"
    return "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
