"""Evidence of requests: WSGI middleware that says what arrived at the mock AWS and what it answered.

The names of service and operation are those of the wire, read as AWS's protocols define them: the SigV4 credential scope
("Signing AWS API requests"), ``X-Amz-Target`` (JSON protocols), ``Action`` (query protocols), ``smithy-protocol`` paths (RPC v2 CBOR);
for REST protocols method and path. The SDK's own headers give the call (``amz-sdk-invocation-id``) and the attempt (``amz-sdk-request``).
"""

from __future__ import annotations

import io
import itertools
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from chaoskit.errors import ChaoskitError
from chaoskit.host_port import host_port
from chaoskit.journal.events import Event, HarnessFailed, RequestAnswered, RequestArrived

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

NTH = "chaoskit.nth"
"""Where the front puts a request's 1-based place on its connection into the environ."""
UNDERSCORED = "chaoskit.underscored"
"""Where the front puts the names of headers that have an underscore."""
BROKE = "chaoskit.broke"
"""Where a mock that broke, and answered 500, says how."""
ARRIVED = "chaoskit.arrived"
"""Where the ``RequestArrived`` of a request stands in its environ, for what lies behind this middleware."""
MET = "chaoskit.met"
"""Where the ids of the injections that a request met stand in its environ."""
UNSEEN = "chaoskit.unseen"
"""Where the ids of those stand that acted on its response in vain: another hid what they did, or it was too small to be felt."""
SENT_AS = "chaoskit.sent_as"
"""Where the response of a request that met a fault stands in its environ, for the front, which sends it as it says."""

_SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/[^/]+/(?P<service>[^/]+)/aws4_request")
_PRESIGNED_SCOPE = re.compile(
    r"X-Amz-Credential=[^/%&]+(?:%2F|/)\d{8}(?:%2F|/)[^/%&]+(?:%2F|/)(?P<service>[^/%&]+)(?:%2F|/)aws4_request",
    re.IGNORECASE,
)
_HOST = re.compile(r"^host:[ \t]*([^:\s]+)", re.IGNORECASE | re.MULTILINE)
_ATTEMPT = re.compile(r"(?:^|[;\s])attempt=(\d+)")
_RPC_V2 = re.compile(r"/service/[^/]+/operation/(?P<operation>[^/]+)$")
_XML_CODE = re.compile(rb"<Code>\s*([^<\s]+)\s*</Code>")
_FORM = "application/x-www-form-urlencoded"
_FORM_LIMIT = 1 << 20  # bytes; AWS's query protocol takes less


INCOMPLETE = "IncompleteBody"
"""What S3 calls a body that is shorter than its head says (S3 API Reference, "Error responses")."""


class BrokenBody(OSError):
    """The client broke off within a request's body, or wrote it wrongly."""


class Evidence:
    """Wraps a WSGI application and emits ``RequestArrived`` and ``RequestAnswered`` for each request."""

    def __init__(
        self,
        application: Application,
        emit: Callable[[Event], None],
        hosts: Mapping[str, str] | None = None,
        *,
        own: str | None = None,
        numbers: Iterator[int] | None = None,
    ) -> None:
        """``hosts`` maps host names, or ``*.`` and a name, to the wire names of their services; it tells what unsigned requests ask.

        ``own`` is the service of the user's own that all requests here are for; None: mocks of AWS. ``numbers`` counts the requests
        of all fronts of a process.
        """
        self._application = application
        self._emit = emit
        self._hosts = hosts or {}
        self._own = own
        self._numbers = numbers or itertools.count(1)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        at = time.monotonic_ns()
        number = next(self._numbers)
        received = environ["wsgi.input"]
        arrived = (
            describe(environ, number, at, self._hosts)
            if self._own is None
            else describe_own(environ, number, at, self._own)
        )
        self._emit(arrived)
        environ[ARRIVED] = arrived
        told: list[Any] = []

        def remember(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            told[:] = [status, headers]
            write: Callable[[bytes], object] = start_response(status, headers, exc_info)
            return write

        try:
            body = whole(self._application(environ, remember))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to the journal
            if isinstance(error, BrokenBody) or cut_short(
                received
            ):  # the client was killed, or gave up: nothing of ours is broken
                now = time.monotonic_ns()
                self._emit(RequestAnswered(at=now, request=number, status=400, error=INCOMPLETE))
                start_response(f"400 {INCOMPLETE}", [("Content-Length", "0")])
                return []
            self._failed(arrived, error)
            start_response("500 Internal Server Error", [("Content-Length", "0")], sys.exc_info())
            return []
        status = int(told[0].split(" ", 1)[0])
        code = error_code(told[1], body) if status >= 400 else None
        met, unseen = environ.get(MET, ()), environ.get(UNSEEN, ())
        now, broke = time.monotonic_ns(), environ.get(BROKE)
        self._emit(
            RequestAnswered(at=now, request=number, status=status, error=code, faults=met, broke=broke, unseen=unseen)
        )
        return [body]

    def _failed(self, arrived: RequestArrived, error: Exception) -> None:
        """The mock itself broke. The client will see a 500, and must not be judged by it."""
        told = (
            str(error)
            if isinstance(error, ChaoskitError)
            else f"{type(error).__name__}: {error}; use an operation that moto implements"
        )
        what = f"the mock AWS broke on {arrived.service} {arrived.operation} (request {arrived.request}): {told}"
        now = time.monotonic_ns()
        self._emit(HarnessFailed(at=now, part="aws", message=what))
        self._emit(RequestAnswered(at=now, request=arrived.request, status=500, error=None))


def describe(environ: Environ, number: int, at: int, hosts: Mapping[str, str] | None = None) -> RequestArrived:
    """What the head of a request says about itself (and, for query protocols, its form)."""
    return RequestArrived(
        at=at,
        request=number,
        service=_service(environ, hosts or {}),
        operation=_operation(environ, hosts or {}),
        invocation=environ.get("HTTP_AMZ_SDK_INVOCATION_ID"),
        attempt=attempt_number(environ.get("HTTP_AMZ_SDK_REQUEST", "")),
        user_agent=environ.get("HTTP_USER_AGENT", ""),
        connection=host_port((environ.get("REMOTE_ADDR", ""), environ.get("REMOTE_PORT", ""))),
        nth=environ.get(NTH, 1),
    )


def describe_own(environ: Environ, number: int, at: int, service: str) -> RequestArrived:
    """The same of a request to a service of the user's own. Its operation is method and path; a probe of ours says which call it is."""
    call = environ.get("HTTP_CHAOSKIT_CALL")
    return RequestArrived(
        at=at,
        request=number,
        service=service,
        operation=f"{environ.get('REQUEST_METHOD', '')} {environ.get('PATH_INFO', '')}",
        invocation=call,
        attempt=1 if call else None,
        user_agent=environ.get("HTTP_USER_AGENT", ""),
        connection=host_port((environ.get("REMOTE_ADDR", ""), environ.get("REMOTE_PORT", ""))),
        nth=environ.get(NTH, 1),
    )


def cut_short(received: Any) -> bool:
    """Whether a request's body ended before its ``Content-Length``: cheroot's reader knows how much is still to come."""
    return getattr(received, "remaining", 0) > 0 and not received.read(1)


def attempt_number(header: str) -> int | None:
    """The attempt in ``amz-sdk-request``. SDKs differ: ``ttl=`` may come first and ``max=`` may be missing."""
    found = _ATTEMPT.search(header)
    return int(found[1]) if found else None


def _service(environ: Environ, hosts: Mapping[str, str]) -> str:
    """By the signature, which a presigned URL has in its query; without one by the host name."""
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    if scope is None:
        scope = _PRESIGNED_SCOPE.search(environ.get("QUERY_STRING", ""))
    if scope:
        return scope["service"].lower()
    host = str(environ.get("HTTP_HOST", "")).lower().rpartition(":")[0] or str(environ.get("HTTP_HOST", "")).lower()
    return _named(host, hosts)


def _named(host: str, hosts: Mapping[str, str]) -> str:
    label, _, rest = host.partition(".")
    return hosts.get(host) or hosts.get(f"*.{rest}") or label


def service_of_head(head: bytes, hosts: Mapping[str, str]) -> str:
    """The service that a request asks, by its head as it came: enough to choose who answers, before it is parsed."""
    text = head.decode("latin-1")
    if scope := _SCOPE.search(text) or _PRESIGNED_SCOPE.search(text.partition("\n")[0]):
        return scope["service"].lower()
    host = _HOST.search(text)
    return _named(host[1].lower() if host else "", hosts)


def _operation(environ: Environ, hosts: Mapping[str, str]) -> str:
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    path = environ.get("PATH_INFO", "")
    if rpc := _RPC_V2.search(path):
        return str(rpc["operation"])
    for form in (environ.get("QUERY_STRING", ""), _form(environ)):
        if action := parse_qs(form).get("Action"):
            return str(action[0])
    return f"{environ.get('REQUEST_METHOD', '')} {_bucket_path(environ, hosts)}{path}"


def _bucket_path(environ: Environ, hosts: Mapping[str, str]) -> str:
    """``/bucket`` for a request whose host is a bucket, so that it is called as one whose path has it (S3, "Virtual hosting")."""
    host = str(environ.get("HTTP_HOST", "")).partition(":")[0].lower()
    bucket, _, rest = host.partition(".")
    return f"/{bucket}" if host not in hosts and hosts.get(f"*.{rest}") == "s3" else ""


def _form(environ: Environ) -> str:
    """The body of a query-protocol request; it is put back for the application to read."""
    length = environ.get("CONTENT_LENGTH", "")
    is_form = environ.get("CONTENT_TYPE", "").startswith(_FORM)
    if not is_form or not length.isdigit() or int(length) > _FORM_LIMIT:
        return ""
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = io.BytesIO(body)
    return body.decode("utf-8", "replace")


def error_code(headers: Iterable[tuple[str, str]], body: bytes) -> str | None:
    """The service's error code, as each AWS protocol writes it; None when the answer names none.

    REST-JSON and JSON: header ``x-amzn-errortype`` or body ``__type`` / ``code``, in which a namespace before ``#`` and a URI after
    ``:`` are to be cut off (Smithy, "AWS restJson1 protocol", operation error serialization). Query and REST-XML: ``<Code>``.
    """
    for name, value in headers:
        if name.lower() == "x-amzn-errortype":
            return _bare(value)
    if found := _XML_CODE.search(body):
        return found[1].decode("utf-8", "replace")
    try:
        fields = json.loads(body)
    except ValueError:
        return None
    if isinstance(fields, dict):
        for key in ("__type", "code", "Code"):
            if isinstance(fields.get(key), str):
                return _bare(fields[key])
    return None


def _bare(code: str) -> str:
    return code.split(":", 1)[0].rpartition("#")[2]


def whole(chunks: Iterable[bytes]) -> bytes:
    """A WSGI response's body in one piece."""
    try:
        return b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close:
            close()
