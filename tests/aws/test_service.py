"""moto as a WSGI application, seeded."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from typing import Any

import pytest

from chaoskit.aws.service import MockServices
from chaoskit.errors import PlaneError

REGION = "eu-west-1"


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> MockServices:
    """A clean moto, in a world where every connection fails."""

    def no_network(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("the mock AWS tried to use the network")

    services = MockServices()
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()
    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    return services


def read(services: MockServices, table: str, key: dict[str, Any]) -> Any:
    request = {"TableName": table, "Key": key}
    return json.loads(services.call_dynamodb("GetItem", request, REGION)).get("Item")


def test_the_default_table_has_its_item(services: MockServices) -> None:
    services.seed({"dynamodb": {"tables": {}}}, [REGION])
    assert read(services, "chaoskit", {"id": {"S": "1"}}) == {"id": {"S": "1"}}


def test_tables_of_the_plan(services: MockServices) -> None:
    item = {"pk": {"S": "a"}, "sk": {"N": "1"}, "x": {"BOOL": True}}
    tables = {"orders": {"key": {"pk": "S", "sk": "N"}, "items": [item]}, "plain": None}
    services.seed({"dynamodb": {"tables": tables}}, [REGION])
    assert read(services, "orders", {"pk": {"S": "a"}, "sk": {"N": "1"}}) == item
    assert read(services, "plain", {"id": {"S": "1"}}) is None


def test_what_moto_refuses_stops_the_run(services: MockServices) -> None:
    tables = {"orders": {"items": [{"wrong": {"S": "a"}}]}}
    with pytest.raises(PlaneError, match=r"moto refused to seed dynamodb: 400 .*mend the experiment's services"):
        services.seed({"dynamodb": {"tables": tables}}, [REGION])


def test_what_each_service_holds(services: MockServices) -> None:
    plan = {
        "ec2": {"instances": 3},
        "elbv2": {"target_groups": {"web": 2, "empty": 0}},
        "s3": {"buckets": ["a-bucket"]},
        "sqs": {"queues": ["jobs"]},
        "route53": {"hosted_zones": ["example.com"]},
    }
    services.seed(plan, [REGION])
    assert services.call_query("ec2", REGION, "DescribeInstances", {}).count(b"<instanceId>") == 3
    groups = services.call_query("elbv2", REGION, "DescribeTargetGroups", {})
    assert groups.count(b"<TargetGroupArn>") == 2
    (arn,) = [found.decode() for found in re.findall(rb"<TargetGroupArn>([^<]*/web/[^<]*)", groups)]
    health = services.call_query("elbv2", REGION, "DescribeTargetHealth", {"TargetGroupArn": arn})
    assert [f"<Id>10.0.0.{n}</Id>".encode() in health for n in (1, 2, 3)] == [True, True, False]
    assert b"/jobs<" in services.call_query("sqs", REGION, "ListQueues", {})
    assert b"<Name>a-bucket</Name>" in services.call("s3", REGION, b"", {}, method="GET")
    zones = services.call("route53", REGION, b"", {}, method="GET", path="/2013-04-01/hostedzone")
    assert b"<Name>example.com.</Name>" in zones


def test_only_the_services_of_the_plan_are_loaded() -> None:
    """Each costs start-up time: EC2 alone takes longer than all else."""
    code = (
        "import sys; from chaoskit.aws.service import MockServices; MockServices().seed({'dynamodb': {}}, ['us-east-1']);"
        "loaded = [one for one in ('ec2', 'elbv2', 'route53', 'sqs') if f'moto.{one}.models' in sys.modules]; sys.exit(str(loaded))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.stderr.strip() == "[]"
