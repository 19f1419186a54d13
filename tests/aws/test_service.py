"""moto as a WSGI application, seeded."""

from __future__ import annotations

import json
import socket
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
    return json.loads(services._dynamodb("GetItem", request, REGION)).get("Item")


def test_the_default_table_has_its_item(services: MockServices) -> None:
    services.seed({"dynamodb": {"tables": {}}}, REGION)
    assert read(services, "chaoskit", {"id": {"S": "1"}}) == {"id": {"S": "1"}}


def test_tables_of_the_plan(services: MockServices) -> None:
    item = {"pk": {"S": "a"}, "sk": {"N": "1"}, "x": {"BOOL": True}}
    tables = {"orders": {"key": {"pk": "S", "sk": "N"}, "items": [item]}, "plain": None}
    services.seed({"dynamodb": {"tables": tables}}, REGION)
    assert read(services, "orders", {"pk": {"S": "a"}, "sk": {"N": "1"}}) == item
    assert read(services, "plain", {"id": {"S": "1"}}) is None


def test_what_moto_refuses_stops_the_run(services: MockServices) -> None:
    tables = {"orders": {"items": [{"wrong": {"S": "a"}}]}}
    with pytest.raises(PlaneError, match=r"moto refused to seed dynamodb: 400 .*mend the experiment's services"):
        services.seed({"dynamodb": {"tables": tables}}, REGION)


@pytest.mark.parametrize("service", ["ec2", "sts", "sqs", "s3"])
def test_other_services_are_loaded(services: MockServices, service: str) -> None:
    services.seed({service: {}}, REGION)
