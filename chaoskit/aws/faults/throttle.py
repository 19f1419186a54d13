"""``throttle``: the service says that one asks too much, in its own words. SDKs back off longer from this than from other errors.

Codes and statuses: DynamoDB and SQS API Reference, "Errors"; EC2 API Reference, "Client error codes"; S3 API Reference, "List of error
codes" (503 SlowDown); "Common errors" of STS, Elastic Load Balancing and Route 53 (Throttling).
"""

from __future__ import annotations

from dataclasses import dataclass

from chaoskit.aws.faults import Request, Response, ServiceFault
from chaoskit.aws.forms import error

_RATE = "Rate exceeded"
_WORDS: dict[str, tuple[int, str, str]] = {
    "dynamodb": (
        400,
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded. "
        "Consider increasing your provisioning level with the UpdateTable API.",
    ),
    "ec2": (503, "RequestLimitExceeded", "Request limit exceeded."),
    "s3": (503, "SlowDown", "Please reduce your request rate."),
    "sqs": (400, "RequestThrottled", _RATE),
}


@dataclass(frozen=True, slots=True)
class Throttle(ServiceFault):
    """``code`` replaces the service's usual one: ``ThrottlingException``, say, where DynamoDB limits an account and not a table."""

    code: str | None = None

    def instead(self, request: Request) -> Response | None:
        return throttled(request, self.code)


def throttled(request: Request, code: str | None = None) -> Response:
    """The service's own throttling error."""
    other = (429, "TooManyRequests", _RATE) if request.form == "plain" else (400, "Throttling", _RATE)  # RFC 6585 §4
    status, usual, message = _WORDS.get(request.service, other)
    return error(request, status, code or usual, message if code is None else _RATE)
