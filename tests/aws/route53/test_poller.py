"""A hosted zone that is read again and again, through any endpoint."""

from __future__ import annotations

import queue
from collections.abc import Callable

import pytest

from chaoskit.aws.route53.client import Endpoint
from chaoskit.aws.route53.poller import HostedZonePoller
from chaoskit.errors import PlaneError
from chaoskit.journal.events import HostedZoneChanged
from tests.aws.route53.lab import Lab

PATIENCE_S = 30


def poller(lab: Lab, tell: Callable[[HostedZoneChanged], object], name: str | None = None) -> HostedZonePoller:
    return HostedZonePoller(Endpoint(lab.endpoint, lab.ca), name or lab.name, tell, pytest.fail, every_s=0.001)


def test_the_first_reading_tells_all_and_the_next_what_differs(opened: Callable[..., Lab]) -> None:
    lab = opened()
    lab.change(lab.write("CREATE", "plan", "192.0.2.1"), lab.alias("CREATE", "active", "plan"))
    events: list[HostedZoneChanged] = []
    reading = poller(lab, events.append)
    reading.read()
    apex = lab.name.removesuffix(".")
    assert {name.name for name in events[0].names} == {apex, f"plan.{apex}", f"active.{apex}"}
    reading.read()
    assert len(events) == 1
    lab.change(lab.write("DELETE", "plan", "192.0.2.1"))
    reading.read()
    assert {(name.name, name.exists, name.records) for name in events[1].names} == {
        (f"plan.{apex}", False, ()),
        (f"active.{apex}", True, ()),
    }
    assert events[1].effective_at >= events[0].effective_at
    assert events[1].effective_at < events[1].at, "the reading before it, which did not have it"


def test_a_zone_of_many_pages_is_read_whole(opened: Callable[..., Lab]) -> None:
    lab = opened()
    for start in (0, 300):
        lab.change(*(lab.write("CREATE", f"n{n}", "192.0.2.1") for n in range(start, start + 300)))
    events: list[HostedZoneChanged] = []
    poller(lab, events.append).read()
    assert len(events[0].names) == 601


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "plain moto"])
def test_changes_are_followed_while_it_runs(opened: Callable[..., Lab], strict: bool) -> None:
    lab = opened(strict=strict)
    events: queue.Queue[HostedZoneChanged] = queue.Queue()
    following = poller(lab, events.put)
    following.start()
    try:
        events.get(timeout=PATIENCE_S)
        for number in range(5):
            lab.change(lab.write("UPSERT", "a", f"192.0.2.{number}"))
            (name,) = events.get(timeout=PATIENCE_S).names
            assert [record.data for record in name.records] == [f"192.0.2.{number}"]
    finally:
        following.stop()


def test_a_zone_that_is_not_there_is_told_once(opened: Callable[..., Lab]) -> None:
    lab = opened()
    with pytest.raises(PlaneError, match=r"there is no hosted zone nowhere\.test\. at https"):
        poller(lab, lambda _: None, "nowhere.test").read()
    complaints: queue.Queue[str] = queue.Queue()
    events: queue.Queue[HostedZoneChanged] = queue.Queue()
    following = HostedZonePoller(Endpoint(lab.endpoint, lab.ca), "late.test", events.put, complaints.put, 0.001)
    following.start()
    try:
        assert "there is no hosted zone late.test." in complaints.get(timeout=PATIENCE_S)
        lab.create_zone("late.test")
        assert events.get(timeout=PATIENCE_S).zone == "late.test"
        assert complaints.empty()
    finally:
        following.stop()
