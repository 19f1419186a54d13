"""Whatever name an SDK asks by default, it is served: every SDK that is built here, with every service it calls, and no fault at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chaoskit.clients import CLIENTS
from chaoskit.clients.start import recipe_called
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from tests.cli.test_whole_run import namespaces_work
from tests.clients.built import built_file

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

SDKS = ("boto3", "aws_cli", "javascript", "go", "java")
LONGEST_S = 360  # on a machine that is busy with other things
SETTINGS: dict[str, dict[str, str]] = {
    "default": {},
    "global S3": {"AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "legacy"},
    "regional S3": {"AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "regional"},
    "global STS": {"AWS_STS_REGIONAL_ENDPOINTS": "legacy"},
    "FIPS": {"AWS_USE_FIPS_ENDPOINT": "true"},
    "dual stack": {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
}
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
PROGRAM = """
import json, sys
import boto3
from botocore.config import Config
for service, call in json.loads(sys.argv[1]).items():
    for region in ("us-east-1", "eu-west-1"):
        getattr(boto3.client(service, region_name=region, config=Config(retries={"max_attempts": 0})), call)()
s3 = boto3.client("s3")
s3.create_bucket(Bucket="names-bucket")
s3.put_object(Bucket="names-bucket", Key="k", Body=b"it")
assert s3.get_object(Bucket="names-bucket", Key="k")["Body"].read() == b"it"
"""
ROLE = """
import boto3, botocore.session
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
session = botocore.session.get_session()
fetcher = AssumeRoleCredentialFetcher(session.create_client, session.get_credentials(), "arn:aws:iam::123456789012:role/app")
session._credentials = DeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)
print(boto3.Session(botocore_session=session).client("dynamodb").list_tables()["TableNames"])
"""


@pytest.fixture(autouse=True)
def needs_namespaces() -> None:
    if reason := namespaces_work():
        pytest.skip(reason)


def chaoskit(folder: Path, *words: str, more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-m", "chaoskit", *words]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment | dict(more or {}),
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )


def lookups(folder: Path) -> Any:
    (journal,) = (folder / "runs").glob("*/journal.jsonl")
    return Run(read_journal(journal)).lookups


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
@pytest.mark.parametrize("sdk", SDKS)
def test_every_service_of_an_sdk_without_a_fault(tmp_path: Path, sdk: str, region: str) -> None:
    if recipe_called(sdk) is not None and built_file(sdk) is None:
        pytest.skip(f"{sdk} is not built; run: chaoskit clients build {sdk}")
    services = CLIENTS.get(sdk).OPERATIONS
    clients = {name: {"use": sdk, "service": name, "connection": "cold", "every": "3s"} for name in services}
    experiment = {"title": "names", "region": region, "clients": clients, "duration": "5s", "timeline": []}
    (tmp_path / "x.yaml").write_text(json.dumps(experiment))  # JSON is YAML
    ended = chaoskit(tmp_path, "run", "x.yaml", "--sandbox", "namespace")
    journals = list((tmp_path / "runs").glob("*/journal.jsonl"))
    assert journals, ended.stdout + ended.stderr
    run = Run(read_journal(journals[0]))
    for name in services:
        calls = run.calls[name]
        assert calls, ended.stdout + ended.stderr
        assert [call.result for call in calls] == ["ok"] * len(calls), (name, calls[0].errors)


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_name_of_boto3_under_a_setting_of_the_caller_s(tmp_path: Path, setting: str) -> None:
    ended = chaoskit(tmp_path, "exec", "--", sys.executable, "-c", PROGRAM, json.dumps(CALLS), more=SETTINGS[setting])
    assert ended.returncode == 0, ended.stderr
    asked = {lookup.name for lookup in lookups(tmp_path)}
    if setting in ("default", "global S3"):
        assert {"s3.amazonaws.com", "s3.eu-west-1.amazonaws.com"} <= asked
    if setting == "regional S3":
        assert "s3.amazonaws.com" not in asked, "what the caller sets is kept"
    if setting == "dual stack":
        assert "dynamodb.eu-west-1.api.aws" in asked
    if setting == "FIPS":
        assert "s3-fips.us-east-1.amazonaws.com" in asked


def test_the_endpoint_of_an_account(tmp_path: Path) -> None:
    ended = chaoskit(tmp_path, "exec", "--", sys.executable, "-c", ROLE)
    assert (ended.returncode, ended.stdout) == (0, "['chaoskit']\n"), ended.stderr
    assert "123456789012.ddb.us-east-1.amazonaws.com" in {lookup.name for lookup in lookups(tmp_path)}


def test_a_blank_on_s3_means_s3(tmp_path: Path) -> None:
    program = "import boto3; boto3.client('s3').list_buckets()"
    ended = chaoskit(tmp_path, "exec", "--blank", "s3.us-east-1.amazonaws.com", "--", sys.executable, "-c", program)
    assert ended.returncode == 1
    assert "Could not connect to the endpoint URL" in ended.stderr
    assert "s3.amazonaws.com: " in ended.stderr
    assert "and its aliases" in ended.stderr


def test_two_regions_in_one_run_and_a_fault_in_one(tmp_path: Path) -> None:
    client = {"use": "boto3", "connection": "cold", "every": "500ms", "max_attempts": 1}
    experiment = {
        "title": "two regions",
        "clients": {"near": client, "far": {**client, "region": "eu-west-1"}},
        "duration": "6s",
        "timeline": [
            {"dns": "empty", "where": "dynamodb.us-east-1.amazonaws.com", "when": {"from": "2s", "for": "2s"}}
        ],
    }
    (tmp_path / "x.yaml").write_text(json.dumps(experiment))
    ended = chaoskit(tmp_path, "run", "x.yaml", "--sandbox", "namespace")
    (journal,) = (tmp_path / "runs").glob("*/journal.jsonl")
    run = Run(read_journal(journal))
    assert {call.result for call in run.calls_in("near", "fault")} == {"failed"}, ended.stdout
    assert {call.result for call in run.calls["far"]} == {"ok"}, ended.stdout
    names = {lookup.name for lookup in run.lookups if lookup.client in ("near", "far")}
    assert names == {"dynamodb.us-east-1.amazonaws.com", "dynamodb.eu-west-1.amazonaws.com"}
