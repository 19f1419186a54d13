"""What a file may say of the clients that are probes of services of one's own: HTTP (four programs), TCP, PostgreSQL, Redis."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from chaoskit.strict import Strict
from chaoskit.units import Duration

MOST_PER_SECOND = 1000
"""Calls a second of one client: chaoskit measures clients, it does not load-test what they call."""

Status = Annotated[int, Field(ge=100, le=599)]


class AnswerSpec(Strict):
    """What an answer must be; any other is a failed call, whose error names what was wrong."""

    status: Status | tuple[Status, ...] | None = Field(None, description="of HTTP: one or several; default: 200 to 399")
    body: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="HTTP and tcp: text that the answer holds"
    )
    latency: Duration | None = Field(None, description="the longest that a call may last")

    @property
    def statuses(self) -> tuple[int, ...]:
        """The statuses that are a success; none where the file does not say."""
        return (self.status,) if isinstance(self.status, int) else self.status or ()


class ProbeFields(Strict):
    """Fields of a client that is a probe: ``http``, ``aiohttp``, ``httpx``, ``curl``, ``tcp``, ``postgres`` or ``redis``."""

    url: str | None = Field(
        None,
        description="HTTP: https://api.example.internal/items; postgres: postgresql://user@host/db; redis: redis://host:6379/0",
    )
    address: str | None = Field(None, description="tcp: host:port")
    method: Annotated[str, Field(pattern=r"^[A-Z]{1,20}$")] | None = Field(None, description="HTTP; default: GET")
    headers: dict[str, str] | None = Field(None, description="HTTP: further header fields of each request")
    body: str | None = Field(None, description="HTTP: the body of each request")
    program: str | None = Field(
        None, description="curl: the program; a path is taken from this file's folder. Default: the curl on PATH"
    )
    options: tuple[str, ...] | None = Field(None, description="curl: further words of its command line")
    send: str | None = Field(None, description="tcp: text to send in each call, of which an answer is awaited")
    query: str | None = Field(None, description="postgres; default: SELECT 1")
    command: Annotated[tuple[str, ...], Field(min_length=1)] | None = Field(None, description="redis; default: [PING]")
    rate: Annotated[float, Field(gt=0, le=MOST_PER_SECOND)] | None = Field(
        None, description="calls a second, in place of 'every'"
    )
    concurrency: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="how many calls may be under way at once; default: 1. What falls due beyond that is left out"
    )
    timeout: Duration | None = Field(None, description="how long a call may last before it is given up; default: 10s")
    expect: AnswerSpec | None = Field(None, description="what an answer must be to count as a success")

    @field_validator("timeout")
    @classmethod
    def _takes_time(cls, timeout: int | None) -> int | None:
        if timeout is not None and timeout <= 0:
            raise ValueError("'timeout' must be longer than 0")
        return timeout

    @model_validator(mode="after")
    def _paced_once(self) -> ProbeFields:
        if self.rate is not None and "every" in self.model_fields_set:
            raise ValueError("write either 'every' or 'rate'")
        return self
