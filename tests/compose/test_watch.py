"""What the engine tells of containers while a project is under test, and how it comes into the journal."""

from __future__ import annotations

import json
import subprocess
import threading
from typing import Any

import pytest

from chaoskit.compose.merged import MergedJournal
from chaoskit.compose.overlay import TOOK_LABEL
from chaoskit.compose.running import ONE_OFF, SERVICE
from chaoskit.compose.watch import ContainerWatch, change_of
from chaoskit.journal.events import (
    ContainerChanged,
    ContainersWatched,
    Entry,
    Event,
    HarnessFailed,
    InjectionCut,
    RunEnded,
)
from chaoskit.journal.store import Journal
from tests.compose.engines import Engine


def message(action: str, **more: str) -> dict[str, Any]:
    """As ``docker events --format '{{json .}}'`` prints it."""
    about = {SERVICE: "web", ONE_OFF: "False", "name": "shop-web-1", "image": "shop:1", **more}
    return {"Type": "container", "Action": action, "Actor": {"ID": "id", "Attributes": about}, "timeNano": 1}


@pytest.mark.parametrize(
    ("action", "more", "change", "code"),
    [
        ("die", {"exitCode": "137"}, "died", 137),
        ("die", {}, "died", None),
        ("oom", {}, "out of memory", None),
        ("start", {"exitCode": "0"}, "started", None),
        ("health_status: unhealthy", {}, "unhealthy", None),
        ("health_status: healthy", {}, "healthy", None),
        ("pause", {}, "paused", None),
        ("unpause", {}, "resumed", None),
    ],
)
def test_each_change_is_an_event(action: str, more: dict[str, str], change: str, code: int | None) -> None:
    event = change_of(message(action, **more), 7)
    assert event is not None
    assert (event.at, event.client, event.container, event.change, event.exit_code) == (
        7,
        "web",
        "shop-web-1",
        change,
        code,
    )


@pytest.mark.parametrize(
    "told",
    [
        message("exec_start: sh"),
        message("destroy"),
        message("die", **{TOOK_LABEL: "shop"}),
        message("die", **{ONE_OFF: "True"}),
        {"Type": "container", "Action": "die", "Actor": {"ID": "id", "Attributes": {"name": "x"}}},
    ],
)
def test_what_is_no_change_of_a_service_is_left_aside(told: dict[str, Any]) -> None:
    assert change_of(told, 7) is None


class Telling(Engine):
    """An engine whose events are these lines, and which then goes on (or, ``ends``, does not)."""

    def __init__(self, *lines: dict[str, Any], ends: bool = False) -> None:
        super().__init__()
        self.script = "".join(f"echo '{json.dumps(line)}'; " for line in lines) + ("" if ends else "exec sleep 600")

    def follow(self, *arguments: str) -> subprocess.Popen[bytes]:
        assert arguments[:2] == ("events", "--since")
        return subprocess.Popen(["sh", "-c", self.script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def watched(engine: Engine, until: type[Event]) -> list[Event]:
    """What comes of a watch that is ended when the first event of the class ``until`` has come."""
    events: list[Event] = []
    came = threading.Event()

    def append(event: Event) -> None:
        events.append(event)
        if isinstance(event, until):
            came.set()

    watch = ContainerWatch(engine, "shop", ["web"], append, lambda: 10**18)
    watch.begin()
    assert came.wait(60)
    watch.end()
    watch.end()
    return events


def test_a_death_comes_into_the_journal_on_the_runs_clock() -> None:
    """The run's last event is far from our clock, as in a virtual machine: its clock is taken."""
    events = watched(Telling(message("exec_create: x"), message("die", exitCode="1")), ContainerChanged)
    assert isinstance(events[0], ContainersWatched)
    assert events[0].services == ("web",)
    assert [event.at for event in events] == [10**18, 10**18]
    assert not any(isinstance(event, HarnessFailed) for event in events)


def test_a_watch_that_ends_by_itself_is_a_failure_of_the_harness() -> None:
    events = watched(Telling(ends=True), HarnessFailed)
    assert isinstance(events[-1], HarnessFailed)
    assert "nobody saw whether a container died" in events[-1].message


def test_numbers_of_events_stay_with_their_events() -> None:
    journal = Journal()
    merged = MergedJournal(journal)
    first = RunEnded(at=1, reason="stands for any")
    died = ContainerChanged(at=2, client="web", container="c", change="died")
    cut = InjectionCut(at=3, injection="blank", ends=3, because="x", evidence=2)
    merged.take(Entry(1, first))
    merged.append(died)
    merged.take(Entry(2, first))
    merged.take(Entry(3, cut))
    assert [entry.seq for entry in journal.entries] == [1, 2, 3, 4]
    last = journal.entries[-1].event
    assert isinstance(last, InjectionCut)
    assert journal.entries[last.evidence - 1].event is first
    assert last.evidence == 3
    assert merged.latest() == 3
