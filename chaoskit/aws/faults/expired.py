"""``expired``: the service does not take the signature any more: the credentials' session is over, or the clocks disagree.

Clients should renew credentials (``token``) or correct their clock (``clock``) rather than repeat the request as it was. Codes: EC2 API
Reference, "Client error codes"; S3 API Reference, "List of error codes"; IAM User Guide, "Troubleshoot Signature Version 4"; DynamoDB
Developer Guide, "Error handling".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from chaoskit.aws.faults import Request, Response, ServiceFault
from chaoskit.aws.forms import error

_TOKEN = "The security token included in the request is expired"  # noqa: S105 - a message, not a secret
_CLOCK = "Signature expired: the time of the request is too far from the server's."
_TOKENS: dict[str, tuple[int, str]] = {
    "json": (400, "ExpiredTokenException"),
    "ec2": (400, "RequestExpired"),
    "s3": (400, "ExpiredToken"),
}
_CLOCKS: dict[str, tuple[int, str]] = {
    "json": (400, "InvalidSignatureException"),
    "ec2": (400, "RequestExpired"),
    "s3": (403, "RequestTimeTooSkewed"),
}


@dataclass(frozen=True, slots=True)
class Expired(ServiceFault):
    """``what`` is no longer valid: the session's ``token``, or the request's time by the ``clock``."""

    ONLY_AWS: ClassVar[bool] = True

    what: Literal["token", "clock"] = "token"

    def instead(self, request: Request) -> Response | None:
        if self.what == "token":
            status, code = _TOKENS.get(request.form, (403, "ExpiredToken"))
            return error(request, status, code, _TOKEN)
        status, code = _CLOCKS.get(request.form, (403, "SignatureDoesNotMatch"))
        return error(request, status, code, _CLOCK)
