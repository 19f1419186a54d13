"""A program of the user's own that a run starts once, as an experiment file says it."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from chaoskit.host_port import is_loopback, split_host_port
from chaoskit.strict import Strict
from chaoskit.units import SECOND, Duration


class AppSpec(Strict):
    """Any program, started once in the sandbox before 0 s of the timeline, and judged by what goes in and out of it."""

    argv: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="the program and its words; a path is taken from this file's folder"
    )
    cwd: str | None = Field(None, description="its working folder, from this file's folder, which is the default")
    env: dict[str, str] = Field(
        default_factory=dict,
        json_schema_extra={"additionalProperties": {"type": ["string", "number", "boolean"]}},
        description="variables, beside PATH, a HOME of its own, fake AWS credentials and the trust store",
    )
    ready: str | None = Field(
        None,
        description="http://localhost:PORT/PATH that answers below 400, or localhost:PORT that accepts; 0 s of the timeline is after that. "
        "Default: ready as soon as it runs",
    )
    ready_within: Duration = Field(30 * SECOND, description="how long that may take")
    health: str | None = Field(
        None, description="http://localhost:PORT/PATH to ask ten times a second; default: 'ready', where that is a URL"
    )

    @property
    def health_url(self) -> str | None:
        """The URL that is asked during the run; None where there is none."""
        return self.health or (self.ready if self.ready and "://" in self.ready else None)

    @property
    def port(self) -> int | None:
        """The port at which it is ready, so serves; None where the file does not say."""
        if self.ready is None:
            return None
        return urlsplit(self.ready).port or 80 if "://" in self.ready else split_host_port(self.ready)[1]

    @field_validator("env", mode="before")
    @classmethod
    def _as_text(cls, env: Any) -> Any:
        """``PORT: 8080`` and ``DEBUG: true`` mean their text."""
        if not isinstance(env, dict):
            return env
        return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in env.items()}

    @field_validator("ready", "health")
    @classmethod
    def _is_here(cls, written: str | None, info: Any) -> str | None:
        if written is None:
            return None
        if "://" not in written and info.field_name == "health":
            raise ValueError(f"{written!r} is no URL; write one like http://localhost:8080/health")
        return check_is_here(written)

    @field_validator("ready_within")
    @classmethod
    def _takes_time(cls, duration: int) -> int:
        if duration <= 0:
            raise ValueError("'ready_within' must be longer than 0")
        return duration


def check_is_here(written: str) -> str:
    """A place in the sandbox at which a program can be ready: a URL, or ``localhost:PORT``. Raises ``ValueError`` for any other."""
    if "://" not in written:
        host = split_host_port(written, "localhost:8080")[0]
    else:
        try:
            parts = urlsplit(written)
            host, _ = parts.hostname or "", parts.port
        except ValueError as error:
            raise ValueError(f"{written!r} is no URL ({error}); write one like http://localhost:8080/health") from error
        if parts.scheme != "http":
            raise ValueError(
                f"{written!r} is asked inside the sandbox over plain HTTP; write http://localhost:PORT/PATH"
            )
    if not is_loopback(host):
        raise ValueError(
            f"{written!r} is not at localhost, so another than this app would be asked; write localhost:PORT"
        )
    return written
