"""The operations that there are, and what is wrong with others."""

from __future__ import annotations

import pytest

from chaoskit.aws.operations import operations, unknown_operation, wrong_call
from chaoskit.aws.services import SERVICES
from chaoskit.clients.boto3 import CALLS


@pytest.mark.parametrize("service", SERVICES)
def test_our_own_calls_are_operations(service: str) -> None:
    assert CALLS[service][0] in operations(service)


@pytest.mark.parametrize(
    ("service", "pattern"),
    [
        ("ec2", "DescribeInstances"),
        ("ec2", "Describe*"),
        ("ec2", "*"),
        ("dynamodb", "GetRecords"),  # of the streams, which are DynamoDB's too
        ("dynamodb", "[GP]*Item"),
        ("dynamodb", "GET /ping"),
        ("s3", "GET /bucket/*"),
        ("s3", "*"),
        ("route53", "POST /2013-04-01/hostedzone"),
    ],
)
def test_what_could_fit_a_request(service: str, pattern: str) -> None:
    assert unknown_operation(service, pattern) is None


@pytest.mark.parametrize(
    ("service", "pattern", "cure"),
    [
        ("ec2", "describe_instances", "Did you mean DescribeInstances or"),
        ("ec2", "DescribeInstence", "DescribeInstances"),
        ("dynamodb", "Frobnicate*", "There are "),
        ("s3", "GetObject", "GetObject is 'GET /{Bucket}/{Key+}'"),
        ("route53", "ListHostedZone", "Write method and path: like "),
    ],
)
def test_what_could_never_fit_one(service: str, pattern: str, cure: str) -> None:
    wrong = unknown_operation(service, pattern)
    assert wrong is not None
    assert cure in wrong[1]


def test_a_call_without_its_parameters_is_none() -> None:
    assert wrong_call("ec2", "DescribeVolumes") is None
    wrong = wrong_call("dynamodb", "DescribeTable")
    assert wrong is not None
    assert wrong[0] == "DescribeTable needs TableName, and a client calls it without parameters"
    assert "ListTables" in wrong_call("dynamodb", "list_table")[1]  # type: ignore[index]
