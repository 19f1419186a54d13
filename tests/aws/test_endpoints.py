"""The names of AWS's endpoints, compared with what botocore's own clients ask."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from chaoskit.aws import endpoints, rule_sets
from chaoskit.aws.services import SERVICES, Service, wire_name

REGIONS = ["us-east-1", "eu-west-1", "ap-southeast-5", "cn-north-1", "us-gov-west-1"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cache for all of these tests, and never the user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


CALLS = {
    "dynamodb": "list_tables",
    "dynamodbstreams": "list_streams",
    "ec2": "describe_regions",
    "sts": "get_caller_identity",
    "s3": "list_buckets",
    "sqs": "list_queues",
    "elbv2": "describe_load_balancers",
    "route53": "list_hosted_zones",
}


class _Seen(Exception):
    """Stops a request before it is sent, and has its host."""


def asked(sdk: str, region: str, **settings: object) -> str:
    """The host that boto3 sends a request to."""

    def stop(request: Any, **_: object) -> None:
        raise _Seen(urlsplit(request.url).hostname)

    session = boto3.session.Session("AKIAIOSFODNN7EXAMPLE", "x", region_name=region)
    client: Any = session.client(sdk, config=Config(**settings))
    client.meta.events.register("before-send", stop)
    with pytest.raises(_Seen) as seen:
        getattr(client, CALLS[sdk])()
    return str(seen.value)


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("service", SERVICES)
def test_what_boto3_asks_is_served(service: str, region: str) -> None:
    names = endpoints.names_of(service, region)
    for sdk in {str(name): facts for name, facts in SERVICES.items()}[service].sdk:
        assert asked(sdk, region) in names


@pytest.mark.parametrize("sdk", CALLS)
@pytest.mark.parametrize("settings", [{"use_fips_endpoint": True}, {"use_dualstack_endpoint": True}])
def test_fips_and_dual_stack_names_are_served(sdk: str, settings: dict[str, bool]) -> None:
    service = next(name for name, facts in SERVICES.items() if sdk in facts.sdk)
    assert asked(sdk, "us-west-2", **settings) in endpoints.names_of(service, "us-east-1")


def test_the_names_that_the_public_reports_missed() -> None:
    s3, sqs, dynamodb = (endpoints.names_of(service, "us-east-1") for service in ("s3", "sqs", "dynamodb"))
    assert {"s3.amazonaws.com", "*.s3.amazonaws.com", "*.s3-accelerate.amazonaws.com"} <= set(s3)
    assert {"queue.amazonaws.com", "us-east-1.queue.amazonaws.com", "eu-west-1.queue.amazonaws.com"} <= set(sqs)
    assert {"*.ddb.us-east-1.amazonaws.com", "streams.dynamodb.us-east-1.amazonaws.com"} <= set(dynamodb)
    assert "sts.amazonaws.com" in endpoints.names_of("sts", "us-east-1")
    assert not [name for name in (*s3, *sqs, *dynamodb) if "global" in name or "{" in name or "localhost" in name]


def test_the_regional_endpoint_comes_first() -> None:
    assert endpoints.host_name("elbv2", "eu-west-1") == "elasticloadbalancing.eu-west-1.amazonaws.com"
    assert endpoints.host_name("route53", "eu-west-1") == "route53.amazonaws.com"
    assert endpoints.host_name("s3", "cn-north-1") == "s3.cn-north-1.amazonaws.com.cn"
    assert endpoints.host_name("sts", "xx-newland-1") == "sts.xx-newland-1.amazonaws.com"


def test_names_belong_to_one_service_each() -> None:
    owners: dict[str, str] = {}
    for service in SERVICES:
        for name in endpoints.names_of(service, "us-east-1"):
            assert owners.setdefault(name, service) == service, name


def test_an_endpoint_has_the_aliases_of_its_own_region_only() -> None:
    aliases = endpoints.aliases_of("s3", "s3.us-east-1.amazonaws.com", "us-east-1")
    assert {"s3.amazonaws.com", "*.s3.amazonaws.com", "*.s3.us-east-1.amazonaws.com"} <= set(aliases)
    assert "s3.us-east-1.amazonaws.com" in endpoints.aliases_of("s3", "s3.amazonaws.com", "us-east-1")
    assert not [name for name in aliases if "eu-" in name]
    assert "s3.amazonaws.com" not in endpoints.aliases_of("s3", "s3.eu-west-1.amazonaws.com", "us-east-1")
    assert "s3.amazonaws.com" in endpoints.aliases_of("s3", "s3.eu-west-1.amazonaws.com", "eu-west-1")
    assert "*.ddb.us-east-1.api.aws" in endpoints.aliases_of(
        "dynamodb", "dynamodb.us-east-1.amazonaws.com", "us-east-1"
    )
    assert endpoints.aliases_of("dynamodb", "example.org", "us-east-1") == ()


def test_a_bucket_s_aliases_are_that_bucket_s() -> None:
    aliases = endpoints.aliases_of("s3", "photos.s3.eu-west-1.amazonaws.com", "eu-west-1")
    assert "photos.s3.amazonaws.com" in aliases
    assert all(name.startswith("photos.") for name in aliases)


def test_dynamodb_and_its_streams_are_two_endpoints() -> None:
    aliases = endpoints.aliases_of("dynamodb", "dynamodb.us-east-1.amazonaws.com", "us-east-1")
    assert not [name for name in aliases if "streams" in name]


def test_the_cache_holds_what_the_rule_sets_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = endpoints.endpoint_names("aws-cn")
    (path,) = tmp_path.rglob("endpoints-aws-cn-*.json")
    assert (
        json.loads(path.read_text()) == json.loads(json.dumps(first)) == rule_sets.derive(endpoints.ALL_SDK, "aws-cn")
    )
    monkeypatch.setattr(rule_sets, "derive", None)  # it is not derived again
    assert endpoints.endpoint_names("aws-cn") == first


def test_a_cache_that_cannot_be_used_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert endpoints.endpoint_names("aws-cn")["s3"]["by_region"]["cn-north-1"][0] == "s3.cn-north-1.amazonaws.com.cn"


def test_the_table_of_services_is_whole() -> None:
    assert tuple(SERVICES) == get_args(Service)
    assert [facts.number for facts in SERVICES.values()] == list(range(1, len(SERVICES) + 1))
    states = [state for facts in SERVICES.values() for state in facts.states]
    assert len(states) == len(set(states))
    assert wire_name("elbv2") == "elasticloadbalancing"
    assert wire_name("kinesis") == "kinesis"


@pytest.mark.parametrize(
    "code",
    [
        "from chaoskit.cli import main",
        "from chaoskit.aws import endpoints; assert endpoints.names_of('s3', 'us-east-1')",
        "from chaoskit.aws import operations; assert operations.operations('ec2')",
    ],
)
def test_botocore_is_not_loaded_when_the_names_are_known(code: str) -> None:
    code += (
        "; import sys; loaded = [name for name in sys.modules if name.startswith('botocore')]; sys.exit(str(loaded))"
    )
    first, second = (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False) for _ in range(2)
    )
    assert second.stderr.strip() == "[]", first.stderr
