"""``unavailable``: HTTP 503, with or without a word on when to come back.

``retry_after`` is HTTP's own header, in whole seconds (RFC 9110 §10.2.3), which botocore does not read. ``amz_retry_after`` is AWS's
``x-amz-retry-after``, in milliseconds: with the retry behaviour of 2026 botocore waits at least so long, but at most 5 s longer than it
would have (``retries/standard.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chaoskit.aws.faults import Request, Response, ServiceFault
from chaoskit.aws.forms import error
from chaoskit.units import MILLISECOND, SECOND, Duration

_CODES = {"ec2": "Unavailable"}


@dataclass(frozen=True, slots=True)
class Unavailable(ServiceFault):
    """Without either time the client is left to its own back-off. Raises ``ValueError`` for a time that the header cannot say."""

    retry_after: Duration | None = None
    amz_retry_after: Duration | None = None

    def __post_init__(self) -> None:
        for name, unit, words in (("retry_after", SECOND, "seconds"), ("amz_retry_after", MILLISECOND, "milliseconds")):
            value = getattr(self, name)
            if value is not None and (value < 0 or value % unit):
                raise ValueError(f"{name!r} counts in whole {words}")

    def instead(self, request: Request) -> Response | None:
        message = "Service is unable to handle request."
        response = error(request, 503, _CODES.get(request.service, "ServiceUnavailable"), message)
        headers = response.headers
        if self.retry_after is not None:
            headers += (("Retry-After", str(self.retry_after // SECOND)),)
        if self.amz_retry_after is not None:
            headers += (("x-amz-retry-after", str(self.amz_retry_after // MILLISECOND)),)
        return replace(response, headers=headers)
