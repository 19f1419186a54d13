"""``resolver:`` in an experiment: what the resolv.conf of its clients says beside the name server (resolv.conf(5)).

glibc, musl and Go read the same lines, and each makes its own of them. ``timeout`` is how long glibc and Go wait for a server before they
ask again, and musl's bound for all its tries together, which it spreads evenly over them. ``attempts`` is how often glibc and Go ask.
The bounds are the narrowest of the three: glibc silently cuts what is above ndots:15, timeout:30 and attempts:5, and musl reads 256
characters of a search list.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from chaoskit.dns.names import canonical
from chaoskit.strict import Strict
from chaoskit.units import SECOND, Duration, format_duration

MOST_DOMAINS = 6
LONGEST_SEARCH = 255
"""Characters of a search list, spaces included."""

MOST_SECONDS = 30


class ResolverSettings(Strict):
    """The resolver's own settings; what is left out is the resolver's default."""

    search: tuple[str, ...] = Field(
        (), max_length=MOST_DOMAINS, description="domains that are tried behind a name with fewer than 'ndots' dots"
    )
    ndots: Annotated[int, Field(ge=0, le=15)] | None = Field(
        None,
        description="how many dots a name must have to be asked as it is before the search list; the default is 1, 5 in Kubernetes",
    )
    timeout: Duration | None = Field(
        None, description="how long to wait for the name server, in whole seconds from 1s to 30s; default: 5s"
    )
    attempts: Annotated[int, Field(ge=1, le=5)] | None = Field(None, description="how often to ask it; default: 2")

    @field_validator("search")
    @classmethod
    def _are_domains(cls, search: tuple[str, ...]) -> tuple[str, ...]:
        domains = tuple(map(canonical, search))
        for written, domain in zip(search, domains, strict=True):
            if not domain or not all(sign.isalnum() or sign in "-_." for sign in domain):
                raise ValueError(f"{written!r} is no domain; write one like default.svc.cluster.local")
        if len(" ".join(domains)) > LONGEST_SEARCH:
            raise ValueError(f"a search list has at most {LONGEST_SEARCH} characters: musl reads no more")
        return domains

    @field_validator("timeout")
    @classmethod
    def _in_seconds(cls, timeout: int | None) -> int | None:
        if timeout is not None and (timeout % SECOND or not SECOND <= timeout <= MOST_SECONDS * SECOND):
            raise ValueError(
                f"a resolver counts its timeout in whole seconds, from 1s to {MOST_SECONDS}s, and {format_duration(timeout)} is none"
            )
        return timeout

    @property
    def options(self) -> tuple[str, ...]:
        """The words of the line ``options``, such as ``ndots:5``."""
        timeout = None if self.timeout is None else self.timeout // SECOND
        named = {"ndots": self.ndots, "timeout": timeout, "attempts": self.attempts}
        return tuple(f"{name}:{value}" for name, value in named.items() if value is not None)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of resolv.conf that follow the name server."""
        search = (f"search {' '.join(self.search)}",) if self.search else ()
        return (*search, *((f"options {' '.join(self.options)}",) if self.options else ()))
