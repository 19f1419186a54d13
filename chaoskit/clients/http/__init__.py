"""``http``: a probe that sends HTTP/1.1 requests to a URL, over connections that it keeps (*warm*) or opens each time (*cold*).

It follows no redirect and tries nothing twice: each call is one request, and what became of it. The name is looked up by the system's
resolver for every connection; its addresses are tried in the resolver's order, each until it refuses or connects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import SplitResult, urlsplit

from chaoskit.clients.probe import ProbePlan

WELL = range(200, 400)
"""The statuses that are a success where a file names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Http(ProbePlan):
    """What is asked and how. A call has failed whose status is not in ``statuses``, or whose body does not hold the text ``holds``."""

    FIELDS: ClassVar[tuple[str, ...]] = ("url", "method", "headers", "body")
    EXPECTS: ClassVar[tuple[str, ...]] = ("status", "body", "latency")

    url: str | None = None
    method: str | None = None
    headers: Mapping[str, str] | None = field(default=None)
    body: str | None = None
    statuses: tuple[int, ...] | None = None
    holds: str | None = None

    def __post_init__(self) -> None:
        ProbePlan.__post_init__(self)
        example = "write one like https://api.example.internal/items"
        if not self.url:
            raise self.refusal("needs 'url'", example)
        try:
            parts = self.parts
            wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
        except ValueError:
            wrong = True
        if wrong or not self.url.isascii() or not self.url.isprintable() or " " in self.url:
            raise self.refusal(f"cannot ask {self.url!r}", example)
        if parts.username is not None:
            raise self.refusal("takes no user from a URL", "write headers: {Authorization: …}")
        for name, value in (self.headers or {}).items():
            if not name.replace("-", "").isalnum() or not name.isascii() or not value.isprintable():
                raise self.refusal(
                    f"cannot send the header field {name!r}",
                    "its name is letters, digits and -, its value is printable",
                )

    @property
    def parts(self) -> SplitResult:
        """The URL, taken apart. Raises ``ValueError`` for a port that is none."""
        parts = urlsplit(self.url or "")
        _ = parts.port
        return parts

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to connect to."""
        parts = self.parts
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    def complaint(self, status: int, body: bytes) -> str | None:
        """What is wrong with an answer, for the error of the call; None for one that is as expected."""
        if status not in (self.statuses or WELL):
            allowed = " or ".join(map(str, self.statuses)) if self.statuses else "200 to 399"
            return f"status {status}, where {allowed} is expected"
        if self.holds is not None and self.holds.encode() not in body:
            return f"status {status}, but the body does not hold {self.holds!r}"
        return None

    @property
    def target(self) -> str:
        """What the request line asks for."""
        parts = self.parts
        return f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
