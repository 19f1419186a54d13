"""Each fault's response, read by botocore's own parsers of the service's protocol."""

from __future__ import annotations

import random
from typing import Any

import botocore.parsers
import botocore.session
import pytest

from chaoskit.aws.faults import FAULTS, Request, Response, ServiceFault
from chaoskit.aws.faults.capacity import Capacity
from chaoskit.aws.faults.error import Error
from chaoskit.aws.faults.expired import Expired
from chaoskit.aws.faults.slow import Slow
from chaoskit.aws.faults.throttle import Throttle
from chaoskit.aws.faults.truncated import Truncated
from chaoskit.aws.faults.unavailable import Unavailable
from chaoskit.aws.faults.wrong_length import WrongLength
from chaoskit.aws.forms import form_of
from chaoskit.units import MILLISECOND, SECOND

OPERATIONS = {
    "dynamodb": "GetItem",
    "ec2": "DescribeInstances",
    "elbv2": "DescribeLoadBalancers",
    "route53": "ListHostedZones",
    "sts": "GetCallerIdentity",
    "s3": "ListBuckets",
    "sqs": "ListQueues",
}
HONEST = Response(200, (("Content-Type", "text/plain"),), b"0123456789")
SESSION = botocore.session.get_session()


def request(service: str) -> Request:
    targeted = service in ("dynamodb", "sqs")
    return Request(service, OPERATIONS[service], 17, form_of(service, targeted=targeted), "application/x-amz-json-1.0")


def read(service: str, response: Response) -> tuple[int, str, str]:
    """Status, code and message, as the SDK understands the response."""
    model = SESSION.get_service_model(service)
    shape = model.operation_model(OPERATIONS[service]).output_shape
    from botocore.awsrequest import HeadersDict

    raw: dict[str, Any] = {
        "status_code": response.status,
        "headers": HeadersDict(dict(response.headers)),
        "body": response.body,
    }
    parsed = botocore.parsers.create_parser(model.resolved_protocol).parse(raw, shape)
    assert parsed["ResponseMetadata"]["RequestId"].endswith("11")
    return parsed["ResponseMetadata"]["HTTPStatusCode"], parsed["Error"]["Code"], parsed["Error"]["Message"]


def instead(fault: ServiceFault, service: str) -> Response:
    response = fault.instead(request(service))
    assert response is not None
    return response


CODES = {
    # throttle, error, unavailable, expired token, clock
    "dynamodb": (
        (400, "ProvisionedThroughputExceededException"),
        "InternalServerError",
        "ServiceUnavailable",
        (400, "ExpiredTokenException"),
        (400, "InvalidSignatureException"),
    ),
    "ec2": (
        (503, "RequestLimitExceeded"),
        "InternalError",
        "Unavailable",
        (400, "RequestExpired"),
        (400, "RequestExpired"),
    ),
    "elbv2": (
        (400, "Throttling"),
        "InternalFailure",
        "ServiceUnavailable",
        (403, "ExpiredToken"),
        (403, "SignatureDoesNotMatch"),
    ),
    "route53": (
        (400, "Throttling"),
        "InternalFailure",
        "ServiceUnavailable",
        (403, "ExpiredToken"),
        (403, "SignatureDoesNotMatch"),
    ),
    "sts": (
        (400, "Throttling"),
        "InternalFailure",
        "ServiceUnavailable",
        (403, "ExpiredToken"),
        (403, "SignatureDoesNotMatch"),
    ),
    "s3": (
        (503, "SlowDown"),
        "InternalError",
        "ServiceUnavailable",
        (400, "ExpiredToken"),
        (403, "RequestTimeTooSkewed"),
    ),
    "sqs": (
        (400, "RequestThrottled"),
        "InternalError",
        "ServiceUnavailable",
        (400, "ExpiredTokenException"),
        (400, "InvalidSignatureException"),
    ),
}


@pytest.mark.parametrize("service", OPERATIONS)
def test_errors_in_each_service_s_own_form(service: str) -> None:
    throttle, error, unavailable, token, clock = CODES[service]
    assert read(service, instead(Throttle(), service))[:2] == throttle
    assert read(service, instead(Error(), service))[:2] == (500, error)
    assert read(service, instead(Unavailable(), service))[:2] == (503, unavailable)
    assert read(service, instead(Expired(), service))[:2] == token
    assert read(service, instead(Expired("clock"), service))[:2] == clock
    assert read(service, instead(Throttle("Own<&>"), service))[1:] == ("Own<&>", "Rate exceeded")
    assert read(service, Capacity(1).refusal(request(service)))[:2] == throttle


def test_the_old_query_protocol_of_sqs() -> None:
    asked = Request("sqs", "ListQueues", 17, form_of("sqs", targeted=False))
    response = Throttle().instead(asked)
    assert response is not None
    assert response.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<ErrorResponse xmlns="http://queue.')


def test_every_kind_loads_and_by_itself_lets_all_pass() -> None:
    assert FAULTS.kinds == (
        "capacity", "error", "expired", "slow", "throttle", "truncated", "unavailable", "wrong_length",
    )  # fmt: skip

    class Nothing(ServiceFault):
        pass

    nothing = Nothing()
    assert nothing.turn(1000, 1000) == "serve"
    assert nothing.instead(request("s3")) is None
    assert nothing.change(request("s3"), HONEST, random.Random(1)) == HONEST


def test_when_to_come_back() -> None:
    headers = dict(instead(Unavailable(2 * SECOND, 1500 * MILLISECOND), "dynamodb").headers)
    assert (headers["Retry-After"], headers["x-amz-retry-after"]) == ("2", "1500")
    headers = dict(instead(Unavailable(), "dynamodb").headers)
    assert not {"Retry-After", "x-amz-retry-after"} & headers.keys()
    with pytest.raises(ValueError, match="whole seconds"):
        Unavailable(1500 * MILLISECOND)
    with pytest.raises(ValueError, match="whole milliseconds"):
        Unavailable(None, 1)


def test_an_error_after_the_work_was_done() -> None:
    fault = Error(performed=True)
    assert fault.instead(request("dynamodb")) is None
    assert fault.change(request("dynamodb"), HONEST, random.Random(1)).status == 500
    assert Error().change(request("dynamodb"), HONEST, random.Random(1)) == HONEST


def test_slow() -> None:
    asked = request("s3")
    assert Slow(5).change(asked, HONEST, random.Random(1)).delay_ns == 5
    twice = Slow(5).change(asked, Slow(6).change(asked, HONEST, random.Random(1)), random.Random(1))
    assert twice.delay_ns == 11
    rng = random.Random(1)
    drawn = {Slow(100, "uniform", 10).change(asked, HONEST, rng).delay_ns for _ in range(500)}
    assert min(drawn) == 90
    assert max(drawn) == 110


def test_truncated_and_wrong_length() -> None:
    asked, rng = request("s3"), random.Random(1)
    cut = Truncated(0.25).change(asked, HONEST, rng)
    assert (cut.body, cut.declared, cut.cut) == (b"01", 10, True)
    more, fewer = (WrongLength(by).change(asked, HONEST, rng) for by in (3, -30))
    assert (more.body, more.declared, more.cut) == (b"0123456789", 13, False)
    assert fewer.declared == 0
    empty = Response(204, (), b"")
    assert Truncated().change(asked, empty, rng) == WrongLength().change(asked, empty, rng) == empty


def test_capacity_turns() -> None:
    fault = Capacity(at_once=2, queue=1)
    turns = [fault.turn(serving, waiting) for serving, waiting in ((0, 0), (1, 0), (2, 0), (2, 1), (1, 1))]
    assert turns == ["serve", "serve", "wait", "refuse", "refuse"]
    assert Capacity(at_once=1, queue=2).turn(0, 1) == "wait", "nobody overtakes the queue"
    assert Capacity(at_once=1).turn(1, 0) == "refuse"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Slow(0),
        lambda: Slow(5, "uniform"),
        lambda: Slow(5, "fixed", 2),
        lambda: Slow(5, "uniform", 6),
        lambda: Truncated(1.0),
        lambda: WrongLength(0),
        lambda: Capacity(0),
        lambda: Capacity(1, -1),
        lambda: Capacity(1, 101),
    ],
)
def test_what_cannot_be_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="'"):
        make()
