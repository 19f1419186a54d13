"""Instances only on leased droplets: the rule by itself, and EC2's answers as botocore reads them."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import botocore.parsers
import botocore.session
from botocore.awsrequest import HeadersDict
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.aws.ec2.front import Ec2
from chaoskit.aws.ec2.placement import Placement
from chaoskit.aws.evidence import ARRIVED
from chaoskit.journal.events import RequestArrived
from chaoskit.units import MINUTE


@given(
    leases=st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10)),
    numbers=st.lists(st.integers(1, 3), max_size=12),
    per_droplet=st.integers(1, 3),
    at=st.integers(0, 10),
)
def test_only_leased_droplets_and_never_too_many(
    leases: dict[str, int], numbers: list[int], per_droplet: int, at: int
) -> None:
    placement, count = Placement(per_droplet), 0
    held = {droplet for droplet, expires in leases.items() if at < expires}
    for number in numbers:
        droplets = placement.place(number, leases, at)
        room = len(held) * per_droplet - len(placement.droplet_of)
        assert (droplets is None) == (number > room)
        names = [f"i-{count + n}" for n in range(number)]
        count += number
        placement.launched(names, droplets or [])
    used = Counter(placement.droplet_of.values())
    assert set(used) <= held
    assert all(number <= per_droplet for number in used.values())
    placement.terminated(list(placement.droplet_of))
    assert not placement.droplet_of


def launched(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"<RunInstancesResponse><instanceId>i-0a</instanceId></RunInstancesResponse>"]


def answer(front: Ec2, operation: str = "RunInstances") -> tuple[int, str | None]:
    """Status and error code, as botocore reads them."""
    body = b"Action=RunInstances&MinCount=1&MaxCount=1&InstanceId.1=i-0a"
    arrived = RequestArrived(
        at=0, request=17, service="ec2", operation=operation, invocation=None, attempt=None, user_agent="",
        connection="127.0.0.1:1", nth=1,
    )  # fmt: skip
    environ = {ARRIVED: arrived, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    head: list[Any] = []
    content = b"".join(front(environ, lambda status, headers, exc_info=None: head.extend([status, headers])))
    status = int(head[0].split()[0])
    if status == 200:
        return status, None
    model = botocore.session.get_session().get_service_model("ec2")
    raw = {"status_code": status, "headers": HeadersDict(dict(head[1])), "body": content}
    shape = model.operation_model("RunInstances").output_shape
    parsed = botocore.parsers.create_parser(model.resolved_protocol).parse(raw, shape)
    return status, parsed["Error"]["Code"]


def test_a_launch_needs_a_leased_droplet_with_room() -> None:
    leases = {"a": time.monotonic_ns() + 10 * MINUTE}
    front = Ec2(launched, {"leases": "leases", "per_droplet": 1, "launches_per_second": None}, lambda table: leases)
    assert answer(front) == (200, None)
    assert answer(front) == (500, "InsufficientInstanceCapacity")
    assert answer(front, "TerminateInstances") == (200, None)
    assert answer(front) == (200, None)
    leases["a"] = 0
    assert answer(front, "TerminateInstances") == (200, None)
    assert answer(front) == (500, "InsufficientInstanceCapacity")


def test_more_launches_than_the_throttle_allows() -> None:
    leases = {"a": time.monotonic_ns() + 10 * MINUTE}
    written = {"leases": "leases", "per_droplet": 9, "launches_per_second": 0.001, "launches_at_once": 1}
    front = Ec2(launched, written, lambda table: leases)
    assert answer(front) == (200, None)
    assert answer(front) == (503, "RequestLimitExceeded")


def test_other_operations_go_to_moto() -> None:
    front = Ec2(launched, {"leases": "leases", "per_droplet": 1}, lambda table: {})
    assert answer(front, "DescribeInstances") == (200, None)
