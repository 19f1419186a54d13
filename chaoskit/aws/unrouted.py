"""Answers to requests that moto cannot route, because they are not signed and name no service but by their host.

moto would take each of them for S3's. They are answered as the service does that was asked: DynamoDB's health pages and unknown paths (as
its public endpoints answer them), and otherwise the error for a request without credentials (AWS, "Common errors").
"""

from __future__ import annotations

from chaoskit.aws.evidence import Environ
from chaoskit.aws.faults import Request, Response
from chaoskit.aws.forms import error, form_of

_UNSIGNED_ACTIONS = ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
"""STS takes these without a signature (STS API Reference)."""

_TEXT = (("Content-Type", "text/plain"),)


def answer_unrouted(service: str, operation: str, number: int, environ: Environ) -> Response | None:
    """The answer in moto's place to request ``number`` of ``service`` (one of our own table's); None leaves the request to moto."""
    path, method = environ.get("PATH_INFO", "/"), environ["REQUEST_METHOD"]
    signed = "HTTP_AUTHORIZATION" in environ or "X-Amz-Signature" in environ.get("QUERY_STRING", "")
    targeted = "HTTP_X_AMZ_TARGET" in environ
    if service == "dynamodb" and not targeted:
        if method in ("GET", "HEAD") and path in ("/", "/ping"):
            return Response(200, _TEXT, f"healthy: {environ.get('HTTP_HOST', '')} ".encode())
        return Response(404, _TEXT, b"<UnknownOperationException/>\n")
    if signed or service == "s3" or operation in _UNSIGNED_ACTIONS:
        return None
    request = Request(service, operation, number, form_of(service, targeted=targeted), environ.get("CONTENT_TYPE", ""))
    if request.form == "json":
        return error(request, 400, "MissingAuthenticationTokenException", "Request is missing Authentication Token")
    return error(request, 403, "MissingAuthenticationToken", "Request is missing Authentication Token")
