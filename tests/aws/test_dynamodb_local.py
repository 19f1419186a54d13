"""DynamoDB Local itself, unmodified, in moto's place: behind our TLS front, our faults and our evidence.

CHAOSKIT_DYNAMODB_LOCAL names the folder with its jars (Maven Central, ``com.amazonaws:DynamoDBLocal`` and what it depends on).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chaoskit.journal.events import PlaneReady, RequestAnswered
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from chaoskit.sandbox.environment import FAKE_KEY, FAKE_SECRET

PATIENCE_S = 60
EXPERIMENT = """\
title: DynamoDB Local is throttled, and then its name is gone
duration: 7s
services: {{dynamodb: {{backend: '127.0.0.1:{port}'}}}}
clients: {{app: {{use: boto3, connection: cold, every: 200ms}}}}
timeline:
  - {{id: throttled, service: throttle, where: {{service: dynamodb, first: 1}}, when: {{from: 1s, for: 1s}}}}
  - {{id: blank, dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {{from: 3s, for: 2s}}}}
expect:
  - success_rate: {{phase: baseline, at_least: 1.0}}
  - success_rate: {{phase: recovery, at_least: 0.5}}
  - recovers_within: {{within: 2s}}
"""


@pytest.fixture
def port() -> Iterator[int]:
    """Of a DynamoDB Local that has the table chaoskit with its one item."""
    folder = os.environ.get("CHAOSKIT_DYNAMODB_LOCAL")
    if not folder:
        pytest.skip("CHAOSKIT_DYNAMODB_LOCAL does not name DynamoDB Local's folder")
    if shutil.which("java") is None:
        pytest.skip("no Java here")
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        chosen: int = probe.getsockname()[1]
    main = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"
    words = ["java", "-cp", f"{folder}/*", main, "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(chosen)]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        _fill(chosen, server)
        yield chosen
    finally:
        server.kill()
        server.communicate()


def _fill(port: int, server: subprocess.Popen[str]) -> None:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

    client = boto3.client(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id=FAKE_KEY,
        aws_secret_access_key=FAKE_SECRET,
        config=Config(proxies={}, retries={"total_max_attempts": 1}),
    )
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            client.list_tables()
            break
        except (EndpointConnectionError, ReadTimeoutError):
            if server.poll() is not None:
                raise AssertionError(f"DynamoDB Local ended: {server.communicate()[0][-500:]}") from None
            if time.monotonic() > deadline:
                raise
    client.create_table(
        TableName="chaoskit",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.put_item(TableName="chaoskit", Item={"id": {"S": "1"}})
    client.close()


@pytest.mark.slow
def test_dynamodb_local_gets_the_same_front_faults_and_evidence(port: int, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(EXPERIMENT.format(port=port))
    words = ["run", str(tmp_path / "x.yaml"), "--sandbox", "inline", "--plain", "--out", str(tmp_path / "runs")]
    said = subprocess.run([sys.executable, "-m", "chaoskit", *words], capture_output=True, text=True, timeout=100)
    assert said.returncode == 0, said.stdout + said.stderr
    (journal,) = (tmp_path / "runs").glob("*/journal.jsonl")
    run = Run(read_journal(journal))
    served = next(event.implementation for _, event in run.of(PlaneReady) if event.plane == "service")
    assert f"dynamodb at 127.0.0.1:{port}" in served
    answered = [event for _, event in run.of(RequestAnswered)]
    throttled = [event for event in answered if event.faults == ("throttled",)]
    assert [event.error for event in throttled] == ["ProvisionedThroughputExceededException"]
    assert sum(event.status == 200 for event in answered) >= 15, "the others are DynamoDB Local's own answers"
    assert run.met("blank")
