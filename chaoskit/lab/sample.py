"""What one client process lived through under one fault: the lab's unit of evidence, and its stored form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who was measured where. ``version`` is the version that ran, ``retry_mode`` the one asked for (None: the default) and
    ``resolved_mode`` what the SDK made of it."""

    sdk: str
    version: str
    retry_mode: str | None
    resolved_mode: str
    service: str
    dns_cache: str | None
    connection: str
    fault: str

    def __str__(self) -> str:
        """For people."""
        mode = self.retry_mode or f"default ({self.resolved_mode})"
        return f"{self.sdk} {self.version}, retry mode {mode}, {self.service}, {self.connection}, {self.fault}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledCall:
    """One call that began in the fault. ``sleeps_ns`` are the pauses between its tries.

    ``tries_ns`` are the lengths of its tries that ended, if the fault troubled it. ``pooled``: it arrived over a connection that was open
    before, without a lookup. ``error`` is the outermost error's class, and ``cause`` the innermost one's class, with its number (None:
    it has none) and the beginning of its text.
    """

    ok: bool
    ended: bool
    concurrent: bool
    pooled: bool
    elapsed_ns: int | None
    attempts: int
    tries_ns: tuple[int, ...]
    sleeps_ns: tuple[int, ...]
    error: str = ""
    cause: str = ""
    errno: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One process's calls. ``met`` counts the DNS queries of it that the fault changed.

    ``blank_ns`` is the fault's length. ``lag_ns`` counts from the fault's end to the end of the first success after the last failure; None:
    it had no failure, or did not come back in the time it had (``back`` false). ``connect_timeout`` as the client told it, for people;
    ``connect_timeout_ns`` as the cell set it, None where that is the SDK's own default.
    """

    subject: Subject
    versions: dict[str, str]
    sandbox: str
    connect_timeout: str
    blank_ns: int
    met: int
    calls: tuple[SampledCall, ...]
    lag_ns: int | None
    back: bool
    connect_timeout_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """Cells that were not measured: ``what`` they are, and ``why``."""

    what: str
    why: str


SAMPLES: TypeAdapter[tuple[Sample, ...]] = TypeAdapter(tuple[Sample, ...])


def to_json(samples: tuple[Sample, ...]) -> Any:
    """The stored form, as plain data."""
    return SAMPLES.dump_python(samples, mode="json", exclude_defaults=True)


def from_json(data: Any) -> tuple[Sample, ...]:
    """The samples of a stored form. Raises ``ValueError`` for what is none."""
    return SAMPLES.validate_python(data, strict=False)
