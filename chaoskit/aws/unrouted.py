"""Answers to requests that moto cannot route, because they are not signed and name no service but by their host; and to wrong ones.

moto would take each of the former for S3's. They are answered as the service does that was asked: DynamoDB's health pages and unknown
paths (as its public endpoints answer them), and otherwise the error for a request without credentials (AWS, "Common errors").
"""

from __future__ import annotations

import json

from chaoskit.aws.evidence import Environ
from chaoskit.aws.faults import Request, Response
from chaoskit.aws.forms import error, form_of
from chaoskit.aws.operations import operations

_UNSIGNED_ACTIONS = ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
"""STS takes these without a signature (STS API Reference)."""

_TEXT = (("Content-Type", "text/plain"),)


def answer_mistake(service: str, operation: str, number: int, environ: Environ, body: bytes) -> Response | None:
    """The answer to a request on which moto broke, if the request is at fault: no such operation, or a body that is not its protocol's.

    None where nothing is wrong with it, as far as AWS's own models tell.
    """
    request = _request(service, operation, number, environ)
    if request.form == "json":
        if operation not in operations(service):
            return error(request, 400, "UnknownOperationException", "")
        try:
            whole = isinstance(json.loads(body), dict)
        except ValueError:  # UnicodeDecodeError is one too
            whole = False
        return None if whole else error(request, 400, "SerializationException", "the body is no JSON object")
    named = " " not in operation  # else it is method and path, of a request that names none
    if service in ("s3", "route53") or (named and operation in operations(service)):
        return None
    return error(request, 400, "InvalidAction", f"The action {operation} is not valid for this web service.")


def _request(service: str, operation: str, number: int, environ: Environ) -> Request:
    form = form_of(service, targeted="HTTP_X_AMZ_TARGET" in environ)
    return Request(service, operation, number, form, environ.get("CONTENT_TYPE", ""))


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
    request = _request(service, operation, number, environ)
    if request.form == "json":
        return error(request, 400, "MissingAuthenticationTokenException", "Request is missing Authentication Token")
    return error(request, 403, "MissingAuthenticationToken", "Request is missing Authentication Token")
