"""``error``: the service fails inside: HTTP 500. ``performed`` makes it the worse kind, in which the work was done all the same.

DynamoDB says InternalServerError, EC2, S3 and SQS InternalError, others InternalFailure ("Common errors" of each API Reference).
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from chaoskit.aws import forms
from chaoskit.aws.faults import Request, Response, ServiceFault

_CODES = {"dynamodb": "InternalServerError", "ec2": "InternalError", "s3": "InternalError", "sqs": "InternalError"}


@dataclass(frozen=True, slots=True)
class Error(ServiceFault):
    """``code`` replaces the service's usual one. ``performed``: the service does what was asked, and then says that it failed."""

    code: str | None = None
    performed: bool = False

    def instead(self, request: Request) -> Response | None:
        return None if self.performed else self._error(request)

    def change(self, request: Request, response: Response, rng: random.Random) -> Response:
        return self._error(request) if self.performed else response

    def _error(self, request: Request) -> Response:
        code = self.code or _CODES.get(request.service, "InternalFailure")
        return forms.error(request, 500, code, "The request processing has failed because of an internal error.")
