"""``postgres``: a probe that makes one query of a PostgreSQL server by psycopg 3.

*warm* keeps one connection for each call that may be under way, and opens another when one is broken, as programs do; *cold* connects
for every call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from chaoskit.clients.probe import ProbePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres(ProbePlan):
    """``url`` is a connection URI (PostgreSQL, "Connection URIs"); ``query`` None: SELECT 1."""

    FIELDS: ClassVar[tuple[str, ...]] = ("url", "query")
    PACKAGES: ClassVar[tuple[str, ...]] = ("psycopg",)

    url: str | None = None
    query: str | None = None

    def __post_init__(self) -> None:
        ProbePlan.__post_init__(self)
        example = "write one like postgresql://app@db.example.internal/shop"
        if (
            not self.url
            or urlsplit(self.url).scheme not in ("postgres", "postgresql")
            or not urlsplit(self.url).hostname
        ):
            raise self.refusal(f"cannot ask {self.url!r}" if self.url else "needs 'url'", example)

    @property
    def shown(self) -> str:
        """The URL without its user and password, for journals."""
        parts = urlsplit(self.url or "")
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
