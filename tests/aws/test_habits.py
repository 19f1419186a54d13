"""How services treat connections, and responses that lie, as real clients meet them."""

from __future__ import annotations

import http.client
import json
import select
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from chaoskit.aws.certificates import Authority
from chaoskit.aws.connection import Habits
from chaoskit.aws.evidence import Evidence
from chaoskit.aws.faults import ServiceFault
from chaoskit.aws.faults.truncated import Truncated
from chaoskit.aws.faults.wrong_length import WrongLength
from chaoskit.aws.front import Front
from chaoskit.aws.inject import Faults
from chaoskit.aws.target import ServiceTarget
from chaoskit.journal.events import Event, RequestAnswered, RequestArrived
from chaoskit.timeline.injection import Injection
from chaoskit.timeline.window import Once
from chaoskit.units import HOUR, MILLISECOND

PATIENCE_S = 30
KEY = {"id": {"S": "1"}}
BODY = json.dumps({"Item": KEY}).encode()


def service(_: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    checksum = ("x-amz-crc32", str(zlib.crc32(BODY)))  # as DynamoDB sends it
    start_response(
        "200 OK", [("Content-Type", "application/x-amz-json-1.0"), ("Content-Length", str(len(BODY))), checksum]
    )
    return [BODY]


class Bench:
    """A front with habits and at most one fault, on at its first request alone."""

    def __init__(self, folder: Path, habits: dict[str, Habits], fault: ServiceFault | None = None) -> None:
        self.authority = Authority()
        self.ca = str(self.authority.publish(folder))
        self.events: list[Event] = []
        self.failures: list[str] = []
        where = ServiceTarget("dynamodb", first=1)
        faults = Faults([Injection("it", where, Once(0, HOUR), fault)] if fault else [], 0)
        faults.arm(time.monotonic_ns())
        application = Evidence(faults.around(service), self.events.append)
        tls = self.authority.server_context(["127.0.0.1"])
        self.front = Front(application, tls, self.failures.append, habits=habits)

    def sdk(self, **config: Any) -> Any:
        session = botocore.session.Session()
        session.set_credentials("AKIDEXAMPLE", "not a secret")
        return session.create_client(
            "dynamodb",
            region_name="us-east-1",
            endpoint_url=f"https://{self.front.address}",
            verify=self.ca,
            config=Config(**config),
        )

    def get(self, sdk: Any, times: int = 1) -> None:
        for _ in range(times):
            assert sdk.get_item(TableName="t", Key=KEY)["Item"] == KEY

    @property
    def nths(self) -> list[int]:
        return [event.nth for event in self.events if isinstance(event, RequestArrived)]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Any]:
    benches: list[Bench] = []

    def make(habits: dict[str, Habits], fault: ServiceFault | None = None) -> Bench:
        benches.append(Bench(tmp_path, habits, fault))
        return benches[-1]

    yield make
    for bench in benches:
        bench.front.stop()
        assert bench.failures == []


@pytest.mark.parametrize(
    ("habits", "nths"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"dynamodb": Habits(max_requests=2)}, [1, 2, 1, 2, 1]),
        ({"dynamodb": Habits(max_requests=1)}, [1, 1, 1, 1, 1]),
        ({"ec2": Habits(max_requests=1)}, [1, 2, 3, 4, 5]),
    ],
)
def test_botocore_is_moved_to_a_new_connection(made: Any, habits: dict[str, Habits], nths: list[int]) -> None:
    bench = made(habits)
    sdk = bench.sdk()
    bench.get(sdk, 5)
    sdk.close()
    assert bench.nths == nths


def test_the_last_answer_on_a_connection_says_so(made: Any) -> None:
    bench = made({"127": Habits(max_requests=2)})  # unsigned requests are of the host's first label
    client = raw(bench)
    told = []
    for _ in range(2):
        client.request("GET", "/")
        response = client.getresponse()
        response.read()
        told.append(response.headers["Connection"])
    client.close()
    assert told == [None, "close"]


def raw(bench: Bench) -> http.client.HTTPSConnection:
    import ssl

    host, _, port = bench.front.address.rpartition(":")
    context = ssl.create_default_context(cafile=bench.ca)
    return http.client.HTTPSConnection(host, int(port), timeout=PATIENCE_S, context=context)


def test_an_idle_connection_is_closed_and_others_are_not(made: Any) -> None:
    bench = made({"127": Habits(idle_ns=100 * MILLISECOND)})
    idle, other = raw(bench), raw(bench)
    other.request("GET", "/", headers={"Host": "sqs.amazonaws.com"})
    other.getresponse().read()
    idle.request("GET", "/")
    idle.getresponse().read()
    assert idle.sock.recv(1) == b"", "the front closed it"
    assert select.select([other.sock], [], [], 0)[0] == []
    other.close()
    idle.close()


def test_a_truncated_body_is_an_error_that_botocore_retries(made: Any) -> None:
    bench = made({}, Truncated())
    sdk = bench.sdk()
    bench.get(sdk)
    sdk.close()
    answered = [event for event in bench.events if isinstance(event, RequestAnswered)]
    assert [(event.status, event.faults) for event in answered] == [(200, ("it",)), (200, ())]
    assert bench.nths == [1, 1], "the connection was gone"


def test_too_long_a_length_lasts_until_the_read_time_out(made: Any) -> None:
    bench = made({}, WrongLength(5))
    sdk = bench.sdk(read_timeout=0.3)
    bench.get(sdk)
    sdk.close()
    assert bench.nths == [1, 1]


def test_too_short_a_length_leaves_bytes_in_the_connection(made: Any) -> None:
    bench = made({}, WrongLength(-5))
    client = raw(bench)
    client.connect()
    client.sock.sendall(b"POST / HTTP/1.1\r\nHost: dynamodb.us-east-1.amazonaws.com\r\nContent-Length: 0\r\n\r\n")
    data = b""
    while not data.endswith(BODY):
        data += client.sock.recv(1 << 16)
    assert f"Content-Length: {len(BODY) - 5}\r\n".encode() in data
    client.close()


def test_a_cut_body_is_announced_by_nothing(made: Any) -> None:
    bench = made({}, Truncated(0.25))
    client = raw(bench)
    client.request("POST", "/", headers={"Host": "dynamodb.us-east-1.amazonaws.com"})
    response = client.getresponse()
    assert response.headers["Connection"] is None
    assert response.headers["Content-Length"] == str(len(BODY))
    with pytest.raises(http.client.IncompleteRead) as caught:
        response.read()
    assert caught.value.partial == BODY[: len(BODY) // 4]
    client.close()
