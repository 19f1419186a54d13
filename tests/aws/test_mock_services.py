"""moto behind the front: exceptions that are one answer, paths and hosts as S3 has them, and requests that name no service."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from chaoskit.aws import service as service_module
from chaoskit.aws.certificates import Authority
from chaoskit.aws.evidence import Evidence
from chaoskit.aws.front import Front
from chaoskit.aws.service import MockServices
from chaoskit.journal.events import Event, HarnessFailed, RequestAnswered, RequestArrived

PATIENCE_S = 30
HOSTS = {
    "dynamodb.us-east-1.amazonaws.com": "dynamodb",
    "sqs.us-east-1.amazonaws.com": "sqs",
    "s3.amazonaws.com": "s3",
    "*.s3.amazonaws.com": "s3",
}


class Bench:
    """The mock services behind a front."""

    def __init__(self, folder: Path) -> None:
        authority = Authority()
        self.ca = str(authority.publish(folder))
        self.context = ssl.create_default_context(cafile=self.ca)
        self.events: list[Event] = []
        self.services = MockServices()
        evidence = Evidence(self.services.application, self.events.append, HOSTS)
        self.front = Front(evidence, authority.server_context(["127.0.0.1"]), self.fail, hosts=HOSTS)

    def fail(self, message: str) -> None:
        raise AssertionError(message)

    def sdk(self, service: str) -> Any:
        session = boto3.session.Session("AKIAIOSFODNN7EXAMPLE", "x", region_name="us-east-1")
        config = Config(retries={"max_attempts": 0})
        return session.client(service, endpoint_url=f"https://{self.front.address}", verify=self.ca, config=config)

    def ask(
        self, host: str, path: str, method: str = "GET", headers: dict[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, bytes]:
        name, _, port = self.front.address.rpartition(":")
        client = http.client.HTTPSConnection(name, int(port), timeout=PATIENCE_S, context=self.context)
        client.request(method, path, body or None, headers={"Host": host, **(headers or {})})
        response = client.getresponse()
        answer = response.read()
        client.close()
        return response.status, answer

    def answers(self) -> list[RequestAnswered]:
        return [event for event in self.events if isinstance(event, RequestAnswered)]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    served = Bench(tmp_path_factory.mktemp("mock"))
    yield served
    served.front.stop()


@pytest.fixture(autouse=True)
def forget(bench: Bench) -> None:
    bench.events.clear()


@pytest.mark.parametrize(("sdk", "call"), [("sqs", "list_queues"), ("ec2", "describe_regions"), ("s3", "list_buckets")])
def test_an_exception_in_moto_is_one_answer(bench: Bench, sdk: str, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Any:
        raise NotImplementedError("no such action")

    with monkeypatch.context() as patched:
        patched.setattr(bench.services, "backend", broken)
        with pytest.raises(ClientError, match=r"InternalFailure.*NotImplementedError") as caught:
            getattr(bench.sdk(sdk), call)()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert not [event for event in bench.events if isinstance(event, HarnessFailed)]
    (answer,) = bench.answers()
    assert (answer.status, answer.error) == (500, "InternalFailure")
    assert answer.broke is not None
    assert "NotImplementedError('no such action')" in answer.broke
    getattr(bench.sdk(sdk), call)()
    assert bench.answers()[-1].broke is None


@pytest.mark.parametrize("key", ["x?y", "a%2Fb", "a%20b", "/lead", "a//b", "a b", "é", "a+b", "a;b", "100%", "a/../b"])
def test_s3_keys_are_kept_as_they_are(bench: Bench, key: str) -> None:
    s3 = bench.sdk("s3")
    s3.create_bucket(Bucket="keys")
    s3.put_object(Bucket="keys", Key=key, Body=b"it", Metadata={"under_score": "1"})
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="keys")["Contents"]] == [key]
    found = s3.get_object(Bucket="keys", Key=key)
    assert (found["Body"].read(), found["Metadata"]) == (b"it", {"under_score": "1"})
    s3.delete_object(Bucket="keys", Key=key)
    assert "Contents" not in s3.list_objects_v2(Bucket="keys")


def test_a_bucket_as_a_host_is_named_in_the_operation(bench: Bench) -> None:
    bench.sdk("s3").create_bucket(Bucket="hosted")
    bench.events.clear()
    assert bench.ask("hosted.s3.amazonaws.com", "/some/key")[0] in (403, 404)
    (arrived,) = [event for event in bench.events if isinstance(event, RequestArrived)]
    assert (arrived.service, arrived.operation) == ("s3", "GET /hosted/some/key")


def test_a_presigned_request_is_its_service_s(bench: Bench) -> None:
    scope = "AKIAIOSFODNN7EXAMPLE%2F20251020%2Fus-east-1%2Fs3%2Faws4_request"
    bench.ask("somewhere.example", f"/b/k?X-Amz-Credential={scope}&X-Amz-Signature=0")
    (arrived,) = [event for event in bench.events if isinstance(event, RequestArrived)]
    assert arrived.service == "s3"


@pytest.mark.parametrize("path", ["/", "/ping"])
def test_dynamodb_says_that_it_is_healthy(bench: Bench, path: str) -> None:
    host = "dynamodb.us-east-1.amazonaws.com"
    assert bench.ask(host, path) == (200, f"healthy: {host} ".encode())


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/shell/"), ("GET", "/latest"), ("POST", "/"), ("PUT", "/bucket")]
)
def test_dynamodb_knows_no_other_path(bench: Bench, method: str, path: str) -> None:
    assert bench.ask("dynamodb.us-east-1.amazonaws.com", path, method) == (404, b"<UnknownOperationException/>\n")


def test_who_does_not_sign_is_told_so_by_the_service(bench: Bench) -> None:
    target = {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"}
    status, body = bench.ask("dynamodb.us-east-1.amazonaws.com", "/", "POST", target)
    assert status == 400
    assert b"MissingAuthenticationTokenException" in body
    status, body = bench.ask("sqs.us-east-1.amazonaws.com", "/?Action=ListQueues")
    assert status == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in body


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("s3.amazonaws.com", "s3.amazonaws.com"),
        ("s3-fips.dualstack.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com"),
        ("my.bucket.s3-fips.us-east-1.amazonaws.com:443", "my.bucket.s3.us-east-1.amazonaws.com:443"),
        ("b.s3-accelerate.dualstack.amazonaws.com", "b.s3.amazonaws.com"),
        ("b.s3.cn-north-1.amazonaws.com.cn", "b.s3.cn-north-1.amazonaws.com.cn"),
        ("127.0.0.1:4000", "127.0.0.1:4000"),
    ],
)
def test_hosts_of_s3_are_told_to_moto_plainly(host: str, plain: str) -> None:
    assert service_module.plain_host(host) == plain


@pytest.mark.parametrize(
    ("target", "body", "error"),
    [
        ("DynamoDB_20120810.GetItem", b"{", "SerializationException"),
        ("DynamoDB_20120810.ListTables", b"[1]", "SerializationException"),
        ("DynamoDB_20120810.ListTables", b"\xff\xfe", "SerializationException"),
        ("DynamoDB_20120810.Frobnicate", b"{}", "UnknownOperationException"),
        ("Nothing", b"{}", "UnknownOperationException"),
        ("", b"{}", "UnknownOperationException"),
    ],
)
def test_a_wrong_request_is_the_client_s_affair(bench: Bench, target: str, body: bytes, error: str) -> None:
    scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20151020/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
    headers = {"X-Amz-Target": target, "Authorization": scope, "Content-Type": "application/x-amz-json-1.0"}
    status, answer = bench.ask("dynamodb.us-east-1.amazonaws.com", "/", "POST", headers, body)
    assert (status, error.encode() in answer) == (400, True), answer
    (told,) = bench.answers()
    assert (told.broke, told.error) == (None, error)


def test_an_action_that_there_is_not_is_the_client_s_affair(bench: Bench) -> None:
    scope = (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20151020/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0"
    )
    headers = {"Authorization": scope, "Content-Type": "application/x-www-form-urlencoded"}
    status, answer = bench.ask(
        "ec2.us-east-1.amazonaws.com", "/", "POST", headers, b"Action=Frobnicate&Version=2016-11-15"
    )
    assert (status, b"<Code>InvalidAction</Code>" in answer) == (400, True), answer
    assert bench.answers()[0].broke is None
