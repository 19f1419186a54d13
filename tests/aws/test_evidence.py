"""What a request says about itself on the wire, and what an answer does."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from cheroot.server import KnownLengthRFile
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.aws.evidence import NTH, Evidence, attempt_number, describe, error_code
from chaoskit.host_port import host_port
from chaoskit.journal.events import Event, HarnessFailed, RequestAnswered, RequestArrived

SIGNED = "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=0"


def environ(**fields: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "4711",
        "HTTP_HOST": "dynamodb.eu-west-1.amazonaws.com",
        "HTTP_AUTHORIZATION": SIGNED.format("dynamodb"),
        "wsgi.input": io.BytesIO(),
        **fields,
    }


@pytest.mark.parametrize(
    ("header", "attempt"),
    [
        ("attempt=1; max=3", 1),
        ("ttl=20260101T000000Z; attempt=12; max=10", 12),
        ("attempt=2", 2),
        ("max=3;attempt=3", 3),
        ("max=3", None),
        ("reattempt=3", None),
        ("", None),
    ],
)
def test_attempt(header: str, attempt: int | None) -> None:
    assert attempt_number(header) == attempt


@given(st.text())
def test_no_header_breaks_the_reading_of_attempts(header: str) -> None:
    attempt_number(header)


@pytest.mark.parametrize(
    ("fields", "service", "operation"),
    [
        ({"HTTP_X_AMZ_TARGET": "DynamoDB_20120810.GetItem"}, "dynamodb", "GetItem"),
        (
            {
                "HTTP_AUTHORIZATION": SIGNED.format("ec2"),
                "CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8",
                "CONTENT_LENGTH": "39",
                "wsgi.input": io.BytesIO(b"Action=DescribeRegions&Version=20161115"),
            },
            "ec2",
            "DescribeRegions",
        ),
        (
            {"HTTP_AUTHORIZATION": SIGNED.format("sts"), "QUERY_STRING": "Action=GetCallerIdentity"},
            "sts",
            "GetCallerIdentity",
        ),
        ({"PATH_INFO": "/service/GraniteServiceVersion20100801/operation/ListMetrics"}, "dynamodb", "ListMetrics"),
        (
            {"HTTP_AUTHORIZATION": SIGNED.format("s3"), "REQUEST_METHOD": "GET", "PATH_INFO": "/bucket/key"},
            "s3",
            "GET /bucket/key",
        ),
        ({"HTTP_AUTHORIZATION": "", "HTTP_HOST": "sts.amazonaws.com"}, "sts", "POST /"),
    ],
)
def test_service_and_operation(fields: dict[str, Any], service: str, operation: str) -> None:
    arrived = describe(environ(**fields), 1, 0)
    assert (arrived.service, arrived.operation) == (service, operation)


def test_the_rest_of_an_arrival() -> None:
    given_environ = environ(
        HTTP_AMZ_SDK_INVOCATION_ID="abc", HTTP_AMZ_SDK_REQUEST="attempt=5; max=10", HTTP_USER_AGENT="Boto3", **{NTH: 3}
    )
    assert describe(given_environ, 9, 77) == RequestArrived(
        at=77,
        request=9,
        service="dynamodb",
        operation="POST /",
        invocation="abc",
        attempt=5,
        user_agent="Boto3",
        connection="127.0.0.1:4711",
        nth=3,
    )
    assert host_port(("::1", 80)) == "[::1]:80"


def test_a_form_is_left_for_the_application() -> None:
    body = b"Action=A&x=1"
    fields = environ(CONTENT_TYPE="application/x-www-form-urlencoded", CONTENT_LENGTH=str(len(body)))
    fields["wsgi.input"] = io.BytesIO(body)
    describe(fields, 1, 0)
    assert fields["wsgi.input"].read() == body


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ([], b'{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}', "ResourceNotFoundException"),
        ([], b'{"code":"SlowDown"}', "SlowDown"),
        (
            [],
            b"<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>",
            "RequestLimitExceeded",
        ),
        ([("X-Amzn-ErrorType", "Throttling:http://internal/")], b"{}", "Throttling"),
        ([], b"not json", None),
        ([], b"[1]", None),
        ([], b"", None),
    ],
)
def test_error_codes(headers: list[tuple[str, str]], body: bytes, code: str | None) -> None:
    assert error_code(headers, body) == code


def run(application: Any) -> tuple[list[Event], list[Any], Callable[[], Iterable[bytes]]]:
    events: list[Event] = []
    told: list[Any] = []
    evidence = Evidence(application, events.append)
    return events, told, lambda: evidence(environ(), lambda *args: told.append(args[:2]))


def test_an_answer_is_told_and_passed_on_whole() -> None:
    def application(_: Any, start_response: Any) -> Iterable[bytes]:
        start_response("400 Bad Request", [("Content-Length", "20")])
        yield b'{"__type":'
        yield b'"a#Oops"}'

    events, told, call = run(application)
    assert list(call()) == [b'{"__type":"a#Oops"}']
    assert told == [("400 Bad Request", [("Content-Length", "20")])]
    arrived, answered = events
    assert isinstance(arrived, RequestArrived)
    assert isinstance(answered, RequestAnswered)
    assert (answered.request, answered.status, answered.error) == (1, 400, "Oops")
    assert answered.at >= arrived.at
    call()
    assert [event.request for event in events if isinstance(event, RequestArrived)] == [1, 2]


def test_a_mock_that_breaks_is_a_failure_of_the_harness() -> None:
    def application(_: Any, start_response: Any) -> Iterable[bytes]:
        raise NotImplementedError("no such action")

    events, told, call = run(application)
    assert list(call()) == []
    assert told == [("500 Internal Server Error", [("Content-Length", "0")])]
    assert [type(event) for event in events] == [RequestArrived, HarnessFailed, RequestAnswered]
    assert "dynamodb POST / (request 1): NotImplementedError: no such action" in events[1].message  # type: ignore[union-attr]


@pytest.mark.parametrize("received", [b"", b'{"TableName'])
def test_a_client_that_dies_amid_its_request_breaks_nothing(received: bytes) -> None:
    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        raise KeyError(environ["wsgi.input"].read())

    events: list[Event] = []
    body = KnownLengthRFile(io.BytesIO(received), 20)
    told: list[str] = []
    answer = Evidence(application, events.append)(
        environ(**{"wsgi.input": body}), lambda status, _: told.append(status)
    )
    assert (list(answer), told) == ([], ["400 IncompleteBody"])
    assert [type(event) for event in events] == [RequestArrived, RequestAnswered]
    assert events[1].error == "IncompleteBody"  # type: ignore[union-attr]


def test_a_mock_that_breaks_on_a_whole_body_is_a_failure() -> None:
    def application(environ: Any, start_response: Any) -> Iterable[bytes]:
        raise KeyError(environ["wsgi.input"].read())

    events: list[Event] = []
    body = KnownLengthRFile(io.BytesIO(b"0123456789"), 10)
    Evidence(application, events.append)(environ(**{"wsgi.input": body}), lambda *_: None)
    assert HarnessFailed in map(type, events)
