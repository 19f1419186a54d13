"""``curl``: the curl program, run anew for every call, as scripts and health checks use it.

A process per call means a cold connection for every call, and a name cache that no other call sees. Within one run of curl there is one
all the same: with ``options: [--retry, '5', --retry-all-errors]`` curl 8.16 and newer remember for a while that a name had no address, and
older ones do not. ``program`` names another curl than the one on PATH.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from chaoskit.clients.http import Http

OURS = (
    "--output",
    "-o",
    "--write-out",
    "-w",
    "--next",
    "-:",
    "--config",
    "-K",
    "--parallel",
    "-Z",
    "--remote-name",
    "-O",
)
"""Options that the probe needs for itself, or that would make more than one request of a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curl(Http):
    """What is asked and how: the settings of ``http``, and curl's own ``options``, as its command line has them."""

    FIELDS: ClassVar[tuple[str, ...]] = (*Http.FIELDS, "program", "options")
    CONNECTIONS: ClassVar[tuple[str, ...]] = ("cold",)
    PROGRAM: ClassVar[str | None] = "curl"

    program: str = "curl"
    options: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Http.__post_init__(self)
        for option in self.options:
            if option.partition("=")[0] in OURS:
                raise self.refusal(f"cannot be given {option}", "the probe uses it itself; leave it out")

    def words(self, output: str, call_field: str) -> list[str]:
        """The command of one call; the body goes to the file ``output``, and one line of JSON about the call to standard output."""
        words = [self.program, "--disable", "--silent", "--output", output, "--write-out", "%{json}\\n"]
        if self.method == "HEAD":
            words.append("--head")
        elif self.method or self.body:
            words += ["--request", self.method or "GET"]
        for name, value in (self.headers or {}).items():
            words += ["--header", f"{name}: {value}"]
        if self.body:
            words += ["--data-raw", self.body]
        return [*words, "--header", call_field, *self.options, "--", self.url or ""]
