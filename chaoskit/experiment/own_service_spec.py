"""A service of the user's own, as an experiment file says it: a name and a port, and what answers behind them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from chaoskit.dns.names import canonical
from chaoskit.experiment.address_spec import METADATA_ADDRESS, AddressSpec
from chaoskit.host_port import is_loopback, split_host_port
from chaoskit.units import Duration

BUILT_IN = ("echo", "static", "instance-metadata")
"""Backends that chaoskit itself is: ``echo`` sends back what it gets, ``static`` answers every HTTP request with 200.

The third is EC2's instance metadata service.
"""

HTTP_PORTS = (80, 443)
"""The ports that are taken for HTTP's where a file does not say (RFC 9110 §4.2)."""


class OwnServiceSpec(AddressSpec):
    """A service of your own: a host name with a zone and addresses of its own, the proxy with its toxics, and a backend."""

    host: str = Field(description="its full name, like db.example.internal; its DNS zone is made from it")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(description="where clients find it")
    aliases: tuple[str, ...] = Field((), description="further full names with the same addresses")
    backend: str = Field(
        description="what answers: host:port on this machine's loopback; an app of this experiment, by its name, or name:port; "
        "or the built-in echo, static or instance-metadata (EC2's, which needs the address 169.254.169.254)"
    )
    tls: bool = Field(
        False,
        description="TLS with the run's throw-away certificate; it ends in front of the backend, which sees plain bytes",
    )
    speaks: Literal["http", "tcp"] | None = Field(
        None,
        description="http: requests are journalled and can be made to fail (service faults); tcp: bytes are passed on as they are. "
        "Default: http at port 80 or 443, else tcp",
    )
    idle_timeout: Duration | None = Field(None, description="http: a connection that was idle for so long is closed")
    keep_alive: bool = Field(True, description="http; false: every request is answered with Connection: close")
    max_requests: Annotated[int, Field(ge=1)] | None = Field(
        None, description="http: the last of so many requests on a connection is answered with Connection: close"
    )

    @property
    def speaks_http(self) -> bool:
        """Whether its requests are read, and not only its bytes passed on."""
        return self.speaks == "http" or (self.speaks is None and self.port in HTTP_PORTS)

    @property
    def names(self) -> tuple[str, ...]:
        """Its host name and its aliases, as queries have them."""
        return tuple(dict.fromkeys(map(canonical, (self.host, *self.aliases))))

    @property
    def app(self) -> tuple[str, int | None] | None:
        """The app that answers, and the port where it is not that of its ``ready``; None where the backend is no app."""
        if self.backend in BUILT_IN or self._on_host is not None:
            return None
        name, _, port = self.backend.partition(":")
        return name, int(port) if port else None

    @property
    def on_host(self) -> str | None:
        """The backend's ``host:port`` where it is a program of this machine outside of the run; None where it is not."""
        return None if self._on_host is None else self.backend

    @property
    def _on_host(self) -> tuple[str, int] | None:
        host, _, port = self.backend.rpartition(":")
        if not port or not (is_loopback(host.strip("[]"))):
            return None
        return split_host_port(self.backend)

    @field_validator("host", "aliases")
    @classmethod
    def _is_a_name(cls, names: Any) -> Any:
        for name in (names,) if isinstance(names, str) else names:
            plain = canonical(name)
            if "." not in plain or plain.replace(".", "").isdigit() or "*" in plain:
                raise ValueError(f"{name!r} is no full host name; write one like db.example.internal")
        return names

    @field_validator("backend")
    @classmethod
    def _can_answer(cls, backend: str) -> str:
        host, colon, port = backend.rpartition(":")
        if not colon:
            if not backend:
                raise ValueError("'backend' is empty; write host:port, the name of an app, echo or static")
            return backend
        split_host_port(backend, "127.0.0.1:9000")
        if "." in host and not is_loopback(host):
            raise ValueError(
                f"{backend} is not on this machine's loopback; write 127.0.0.1:{port}, and let a tunnel or ssh -L lead on from there"
            )
        return backend

    @model_validator(mode="after")
    def _agrees(self) -> OwnServiceSpec:
        http_only = {"idle_timeout", "keep_alive", "max_requests"} & self.model_fields_set
        if http_only and not self.speaks_http:
            names = ", ".join(sorted(http_only))
            raise ValueError(
                f"{names} is HTTP's, and this service is passed on byte by byte; add speaks: http, or leave it out"
            )
        if self.backend in ("static", "instance-metadata") and not self.speaks_http:
            raise ValueError(f"the backend {self.backend!r} speaks HTTP; add speaks: http, or use echo")
        if self.backend == "instance-metadata" and (self.addresses != (METADATA_ADDRESS,) or self.tls):
            raise ValueError(
                f"SDKs ask for instance metadata at one place; write addresses: [{METADATA_ADDRESS}], and no tls"
            )
        if not self.keep_alive and (self.max_requests is not None or self.idle_timeout is not None):
            raise ValueError(
                "with keep_alive: false every connection has one request; leave out max_requests and idle_timeout"
            )
        if self.idle_timeout is not None and self.idle_timeout <= 0:
            raise ValueError(
                "'idle_timeout' must be longer than 0; for a connection per request write keep_alive: false"
            )
        return self
