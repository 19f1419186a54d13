"""What stands behind the front of a service of the user's own that speaks HTTP: a gateway to its backend, or a built-in one.

A backend that cannot be reached is no failure of the harness here: it may be an app that a fault has killed. The gateway then answers
as gateways do: 502 where the backend refuses, or breaks off; 504 where it does not answer in time (RFC 9110 §15.6.3, §15.6.5).
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterable
from typing import Any

from chaoskit.aws.evidence import Application, Environ
from chaoskit.aws.instance_metadata import InstanceMetadata
from chaoskit.aws.stand_in import forward, request_body

Start = Callable[..., Any]


def echo(environ: Environ, start_response: Start) -> Iterable[bytes]:
    """Answer with the request's method, target and body."""
    target = environ.get("REQUEST_URI") or environ["PATH_INFO"]
    return _text(start_response, "200 OK", f"{environ['REQUEST_METHOD']} {target}\n".encode() + request_body(environ))


def static(environ: Environ, start_response: Start) -> Iterable[bytes]:
    """Answer 200 with a line of text, whatever is asked."""
    request_body(environ)
    return _text(start_response, "200 OK", b"ok\n")


def gateway_to(address: str) -> Application:
    """Pass requests on to ``host:port`` over plain HTTP, and its answers back as they come."""

    def pass_on(environ: Environ, start_response: Start) -> Iterable[bytes]:
        try:
            status, reason, headers, answer = forward(address, environ, request_body(environ))
        except TimeoutError:
            return _text(start_response, "504 Gateway Timeout", f"{address} did not answer in time\n".encode())
        except (OSError, http.client.HTTPException) as error:
            text = f"{address} gave no answer: {error or type(error).__name__}\n"
            return _text(start_response, "502 Bad Gateway", text.encode())
        start_response(f"{status} {reason}", headers)
        return [answer]

    return pass_on


def answerer(backend: str, region: str) -> Application:
    """What answers requests: ``echo``, ``static``, ``instance-metadata`` (of one in ``region``), or the program at ``host:port``."""
    if backend == "instance-metadata":
        return InstanceMetadata(region)
    return {"echo": echo, "static": static}.get(backend) or gateway_to(backend)


def _text(start_response: Start, status: str, body: bytes) -> list[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
