"""EC2 in front of moto: WSGI middleware that lets ``RunInstances`` through only where a leased droplet has room for it.

Else it answers ``InsufficientInstanceCapacity``, and ``RequestLimitExceeded`` above the throttle (EC2 API Reference, "Error codes"), in the
form of EC2's query protocol. All other requests go to moto untouched.
"""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from chaoskit.aws.ec2.placement import Placement
from chaoskit.aws.evidence import ARRIVED, Application, Environ, whole
from chaoskit.aws.faults import Request, Response
from chaoskit.aws.faults.throttle import throttled
from chaoskit.aws.forms import error
from chaoskit.aws.route53.buckets import Bucket, Rate
from chaoskit.clock import Instant

_INSTANCE = re.compile(rb"<instanceId>(i-[0-9a-f]+)</instanceId>")
_NO_CAPACITY = (
    "We currently do not have sufficient capacity in the Availability Zone you requested. "
    "Our system will be working on provisioning additional capacity."
)


class Ec2:
    """The middleware. ``leases`` reads when each droplet's lease ends."""

    def __init__(
        self, application: Application, written: Mapping[str, Any], leases: Callable[[str], Mapping[str, Instant]]
    ) -> None:
        self._application, self._leases, self._table = application, leases, written["leases"]
        self._placement = Placement(written["per_droplet"])
        rate = written.get("launches_per_second")
        self._bucket = Bucket.full(Rate(written["launches_at_once"], rate), time.monotonic_ns()) if rate else None
        self._one_at_a_time = threading.Lock()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        arrived = environ.get(ARRIVED)
        if (
            arrived is None
            or arrived.service != "ec2"
            or arrived.operation not in ("RunInstances", "TerminateInstances")
        ):
            return self._application(environ, start_response)
        form = self._form(environ)
        if arrived.operation == "TerminateInstances":
            self._placement.terminated(ids[0] for name, ids in form.items() if name.startswith("InstanceId"))
            return self._application(environ, start_response)
        with self._one_at_a_time:
            request = Request("ec2", arrived.operation, arrived.request, "ec2")
            droplets = self._place(request, int(form.get("MinCount", ["1"])[0]))
            if isinstance(droplets, Response):
                headers = [*droplets.headers, ("Content-Length", str(len(droplets.body)))]
                start_response(f"{droplets.status} {HTTPStatus(droplets.status).phrase}", headers)
                return [droplets.body]
            body = whole(self._application(environ, start_response))
            self._placement.launched((match.decode() for match in _INSTANCE.findall(body)), droplets)
            return [body]

    def _place(self, request: Request, number: int) -> list[str] | Response:
        now = time.monotonic_ns()
        if self._bucket is not None:
            left = self._bucket.take(1, now)
            if left is None:
                return throttled(request)
            self._bucket = left
        droplets = self._placement.place(number, self._leases(self._table), now)
        return error(request, 500, "InsufficientInstanceCapacity", _NO_CAPACITY) if droplets is None else droplets

    def _form(self, environ: Environ) -> dict[str, list[str]]:
        """The request's parameters; the body is put back for moto."""
        body: bytes = environ["wsgi.input"].read(
            *([] if environ.get("wsgi.input_terminated") else [int(environ.get("CONTENT_LENGTH") or 0)])
        )
        environ["wsgi.input"] = io.BytesIO(body)
        return parse_qs(body.decode(errors="replace"))
