"""The mock AWS as a process, with a real botocore client."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaoskit.child import ALIVE, PARENT_GONE
from chaoskit.journal.codec import decode
from chaoskit.journal.events import Event, HostedZoneChanged, PlaneReady, RequestAnswered, RequestArrived
from tests.aws.route53.plain_http import route53

PATIENCE_S = 60


class Plane:
    """The process; ``events`` fills while it runs."""

    def __init__(self, plan: dict[str, Any]) -> None:
        argv = [sys.executable, "-m", "chaoskit.aws"]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.say(plan)
        self.events: list[Event] = []
        self.ready = threading.Event()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def say(self, line: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(ALIVE):
                continue
            self.events.append(decode(line))
            self.ready.set()
        self.ready.set()

    def end(self) -> tuple[int, str]:
        """Exit code and complaints."""
        code = self.process.wait(PATIENCE_S)
        self.reader.join()
        assert self.process.stderr is not None
        return code, self.process.stderr.read().decode()

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    names = ["dynamodb.us-east-1.amazonaws.com", "*.amazonaws.com", "127.0.0.1"]
    started = Plane({"certificates": str(tmp_path), "names": names, "services": {"dynamodb": {}, "sts": {}}})
    yield started
    started.process.kill()
    started.end()
    started.close()


def ready(plane: Plane) -> PlaneReady:
    assert plane.ready.wait(PATIENCE_S)
    event = plane.events[0]
    assert isinstance(event, PlaneReady)
    return event


def client(service: str, address: str, folder: Path) -> Any:
    import botocore.session

    session = botocore.session.Session()
    session.set_credentials("AKIDEXAMPLE", "not a secret")
    return session.create_client(
        service, region_name="us-east-1", endpoint_url=f"https://{address}", verify=str(folder / "ca.pem")
    )


def test_botocore_uses_one_connection_each_request_is_recorded(plane: Plane, tmp_path: Path) -> None:
    event = ready(plane)
    assert event.implementation.startswith("moto 5.")
    assert " under cheroot " in event.implementation
    dynamodb = client("dynamodb", event.addresses["front"], tmp_path)
    key = {"id": {"S": "1"}}
    assert dynamodb.get_item(TableName="chaoskit", Key=key)["Item"] == key
    with pytest.raises(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.get_item(TableName="none", Key=key)
    client("sts", event.addresses["front"], tmp_path).get_caller_identity()
    dynamodb.close()
    plane.say({"do": "stop"})
    assert plane.end() == (0, "")
    arrived = [event for event in plane.events if isinstance(event, RequestArrived)]
    answered = [event for event in plane.events if isinstance(event, RequestAnswered)]
    assert [(e.request, e.service, e.operation, e.attempt, e.nth) for e in arrived] == [
        (1, "dynamodb", "GetItem", 1, 1),
        (2, "dynamodb", "GetItem", 1, 2),
        (3, "sts", "GetCallerIdentity", 1, 1),
    ]
    assert len({event.invocation for event in arrived} - {None}) == 3
    assert arrived[0].connection == arrived[1].connection != arrived[2].connection
    assert all("Botocore/" in event.user_agent for event in arrived)
    assert [(e.request, e.status, e.error) for e in answered] == [
        (1, 200, None),
        (2, 400, "ResourceNotFoundException"),
        (3, 200, None),
    ]


def test_it_ends_with_its_parent(plane: Plane) -> None:
    ready(plane)
    assert plane.process.stdin is not None
    plane.process.stdin.close()
    assert plane.end() == (PARENT_GONE, "")


def test_what_cannot_start_says_why(tmp_path: Path) -> None:
    plane = Plane({"certificates": str(tmp_path / "none"), "names": ["a"], "services": {}})
    code, complaint = plane.end()
    assert (code, plane.events) == (4, [])
    assert complaint.startswith("the mock AWS cannot start:")
    assert "ca.pem" in complaint
    for pipe in (plane.process.stdin, plane.process.stdout, plane.process.stderr):
        assert pipe is not None
        pipe.close()


def test_an_armed_process_injects_and_ends_connections(tmp_path: Path) -> None:
    injection = {
        "id": "busy",
        "where": {"service": "dynamodb", "operation": "GetItem", "first": 1},
        "when": {"once": {"start": 0, "length": 10**12}},
        "fault": {"throttle": {}},
    }
    services = {"dynamodb": {"max_requests": 2}}
    plane = Plane(
        {"certificates": str(tmp_path), "names": ["127.0.0.1"], "services": services, "injections": [injection]}
    )
    dynamodb = client("dynamodb", ready(plane).addresses["front"], tmp_path)
    call = {"TableName": "chaoskit", "Key": {"id": {"S": "1"}}}
    dynamodb.get_item(**call)
    plane.say({"do": "arm", "origin": time.monotonic_ns()})
    plane.say({"do": "nothing"})
    deadline = time.monotonic() + PATIENCE_S
    while not any(isinstance(event, RequestAnswered) and event.faults for event in list(plane.events)):
        assert time.monotonic() < deadline, "it was never armed"
        dynamodb.get_item(**call)
    dynamodb.close()
    plane.say({"do": "stop"})
    assert plane.end() == (0, "")
    answered = [event for event in plane.events if isinstance(event, RequestAnswered)]
    (throttled,) = [event for event in answered if event.status != 200]
    assert (throttled.error, throttled.faults) == ("ProvisionedThroughputExceededException", ("busy",))
    nths = [event.nth for event in plane.events if isinstance(event, RequestArrived)]
    assert nths == [1 + number % 2 for number in range(len(nths))]
    for pipe in (plane.process.stdin, plane.process.stdout, plane.process.stderr):
        assert pipe is not None
        pipe.close()


def test_route53_tells_each_change_of_a_hosted_zone(tmp_path: Path) -> None:
    names = ["*.amazonaws.com", "127.0.0.1"]
    behaviour = {"propagation_ns": 2_000_000_000}
    record = {"name": "www.example.com", "rtype": "A", "ttl": 5, "data": "192.0.2.7"}
    services = {"route53": {"hosted_zones": {"example.com": [record]}, "control_plane": behaviour}}
    plane = Plane({"certificates": str(tmp_path), "names": names, "services": services})
    event = ready(plane)
    assert "Route 53 of chaoskit's own" in event.implementation
    api = client("route53", event.addresses["front"], tmp_path)
    (zone,) = api.list_hosted_zones()["HostedZones"]
    record_set = {"Name": "a.example.com", "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record_set}]}
    api.change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch=batch)
    plane.say({"do": "stop"})
    assert plane.end() == (0, "")
    plane.close()
    first, filled, change = [event for event in plane.events if isinstance(event, HostedZoneChanged)]
    assert (first.zone, first.version, first.request) == ("example.com", 0, 0)
    assert ([name.name for name in filled.names], filled.request) == (["www.example.com"], 0)
    assert change.effective_at - change.at == 2_000_000_000
    assert [name.name for name in change.names] == ["a.example.com"]
    (arrived,) = [e for e in plane.events if isinstance(e, RequestArrived) and e.operation.startswith("POST")]
    assert change.request == arrived.request


def test_a_hosted_zone_of_something_in_motos_place_is_followed(tmp_path: Path) -> None:
    with route53() as endpoint:
        address = endpoint.url.removeprefix("http://")
        services = {"route53": {"backend": address}}
        names = ["*.amazonaws.com", "127.0.0.1"]
        plane = Plane({"certificates": str(tmp_path), "names": names, "services": services, "followed": ["live.test"]})
        ready(plane)
        changed = threading.Event()
        while not any(isinstance(event, HostedZoneChanged) for event in plane.events):
            changed.wait(0.01)
        plane.say({"do": "stop"})
        assert plane.end() == (0, "")
        plane.close()
    first = next(event for event in plane.events if isinstance(event, HostedZoneChanged))
    assert (first.zone, [name.name for name in first.names]) == ("live.test", ["live.test"])
