"""``redis``: a probe that sends one Redis command by redis-py, with that library's own retries.

*warm* is one client with its pool; *cold* a client for every call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from chaoskit.clients.probe import ProbePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Redis(ProbePlan):
    """``command`` is the command and its words; None: PING."""

    FIELDS: ClassVar[tuple[str, ...]] = ("url", "command")
    PACKAGES: ClassVar[tuple[str, ...]] = ("redis",)

    url: str | None = None
    command: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        ProbePlan.__post_init__(self)
        example = "write one like redis://cache.example.internal:6379/0"
        if not self.url or urlsplit(self.url).scheme not in ("redis", "rediss") or not urlsplit(self.url).hostname:
            raise self.refusal(f"cannot ask {self.url!r}" if self.url else "needs 'url'", example)

    @property
    def shown(self) -> str:
        """The URL without its user and password, for journals."""
        parts = urlsplit(self.url or "")
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
