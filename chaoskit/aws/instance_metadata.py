"""The built-in backend ``instance-metadata``: EC2's instance metadata service, version 2 alone (IMDSv2), with fake credentials of a role.

A token is had by ``PUT /latest/api/token`` and shown with every ``GET``; without one the answer is 401 (Amazon EC2 User Guide, "Use the
Instance Metadata Service to access instance metadata", "Retrieve security credentials from instance metadata"). ``metadata_paths`` has
the paths; any other is 404, as there. Credentials are valid for six hours, so SDKs fetch them when they begin, and not again in a run.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from chaoskit.aws.evidence import Environ
from chaoskit.aws.metadata_paths import documents_in, text_at
from chaoskit.aws.stand_in import request_body

VALID_FOR = timedelta(hours=6)
MOST_TOKEN_S = 21_600
MOST_TOKENS = 10_000
"""Tokens that are remembered; the oldest is forgotten first."""

_TTL_FIELD = "X-aws-ec2-metadata-token-ttl-seconds"


class InstanceMetadata:
    """The service as a WSGI application, for an instance in ``region``."""

    def __init__(self, region: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._region, self._now = region, now
        self._tokens: dict[str, datetime] = {}

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        request_body(environ)
        status, body, more = self._answer(environ)
        fields = [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), *more]
        start_response(f"{status.value} {status.phrase}", fields)
        return [body]

    def _answer(self, environ: Environ) -> tuple[HTTPStatus, bytes, list[tuple[str, str]]]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if method == "PUT" and path == "/latest/api/token":
            return self._new_token(environ)
        if method not in ("GET", "HEAD"):
            return HTTPStatus.METHOD_NOT_ALLOWED, b"", []
        until = self._tokens.get(environ.get("HTTP_X_AWS_EC2_METADATA_TOKEN", ""))
        if until is None or until < self._now():
            return HTTPStatus.UNAUTHORIZED, b"", []
        text = text_at(path, documents_in(self._region, self._credentials()))
        if text is None:
            return HTTPStatus.NOT_FOUND, b"", []
        return HTTPStatus.OK, text.encode() if method == "GET" else b"", []

    def _new_token(self, environ: Environ) -> tuple[HTTPStatus, bytes, list[tuple[str, str]]]:
        if "HTTP_X_FORWARDED_FOR" in environ:  # so that no open proxy on the instance can be made to ask for one
            return HTTPStatus.FORBIDDEN, b"", []
        written = environ.get("HTTP_X_AWS_EC2_METADATA_TOKEN_TTL_SECONDS", "")
        if not written.isascii() or not written.isdigit() or not 1 <= int(written[:9]) <= MOST_TOKEN_S:
            return HTTPStatus.BAD_REQUEST, b"", []
        token = secrets.token_urlsafe(42)
        self._tokens[token] = self._now() + timedelta(seconds=int(written[:9]))
        while len(self._tokens) > MOST_TOKENS:
            del self._tokens[next(iter(self._tokens))]
        return HTTPStatus.OK, token.encode(), [(_TTL_FIELD, written)]

    def _credentials(self) -> dict[str, str]:
        """Keys of AWS's own documentation, which are nobody's."""
        now = self._now()
        return {
            "Code": "Success",
            "LastUpdated": _written(now),
            "Type": "AWS-HMAC",
            "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
            "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "Token": "chaoskit-session-token",
            "Expiration": _written(now + VALID_FOR),
        }


def _written(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
