"""Process faults: what the driver does to whom and when, in virtual time; and which experiments are refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chaoskit.clock import VirtualClock
from chaoskit.errors import ExperimentError
from chaoskit.experiment.loader import load
from chaoskit.journal.events import Event, InjectionApplied, InjectionLifted
from chaoskit.process.driver import ProcessDriver
from chaoskit.units import SECOND

TITLE = "title: process faults\nduration: 10s\nclients: {app: {use: noop}, other: {use: noop}}\ntimeline:\n"


class Recorder:
    """Hands that note what they did, and when."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.done: list[tuple[float, str, str]] = []

    def _note(self, deed: str, name: str) -> None:
        self.done.append((self.clock.now() / SECOND, deed, name))

    async def pause(self, name: str) -> None:
        self._note("pause", name)

    async def resume(self, name: str) -> None:
        self._note("resume", name)

    async def kill(self, name: str) -> None:
        self._note("kill", name)

    async def operate(self, name: str) -> None:
        self._note("operate", name)

    async def restart(self, name: str) -> None:
        self._note("restart", name)


def played(tmp_path: Path, timeline: str) -> tuple[list[tuple[float, str, str]], list[Event]]:
    (tmp_path / "x.yaml").write_text(TITLE + timeline)
    experiment = load(tmp_path / "x.yaml")
    clock = VirtualClock()
    hands, events = Recorder(clock), []  # type: ignore[var-annotated]

    async def play() -> None:
        driver = ProcessDriver(experiment.planes["process"], hands, events.append, clock)
        await driver.run(0, experiment.duration_ns)

    asyncio.run(play())
    return hands.done, events


def test_each_fault_does_its_deeds_at_its_instants(tmp_path: Path) -> None:
    timeline = """\
  - {process: pause, where: app, when: {from: 1s, for: 2s}}
  - {process: kill, where: other, when: {from: 2s, for: 1s}}
  - {process: restart, where: app, when: {from: 5s, for: 2s}}
"""
    done, events = played(tmp_path, timeline)
    assert sorted(done) == [
        (1, "pause", "app"),
        (2, "kill", "other"),
        (3, "resume", "app"),
        (5, "kill", "app"),
        (7, "restart", "app"),
    ]
    applied = [(event.injection, event.due / SECOND) for event in events if isinstance(event, InjectionApplied)]
    assert applied == [("process-1", 1), ("process-2", 2), ("process-3", 5)]
    assert len([event for event in events if isinstance(event, InjectionLifted)]) == 3


def test_what_is_paused_when_the_run_ends_is_let_go(tmp_path: Path) -> None:
    done, _ = played(tmp_path, "  - {process: pause, where: app, when: {from: 8s, for: 30s}}\n")
    assert done == [(8, "pause", "app"), (10, "resume", "app")]


def test_a_plane_may_stand_still(tmp_path: Path) -> None:
    done, _ = played(tmp_path, "  - {process: pause, where: service, when: {from: 1s, for: 1s}}\n")
    assert [deed for _, *deed in done] == [["pause", "service"], ["resume", "service"]]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{process: pauze, where: app, when: {from: 1s, for: 1s}}", "did you mean 'pause'?"),
        ("{process: pause, where: nobody, when: {from: 1s, for: 1s}}", "Name one of: app, other, service, network."),
        ("{process: kill, where: service, when: {from: 1s, for: 1s}}", "Name one of: app, other."),
        ("{process: pause, where: dns, when: {from: 1s, for: 1s}}", "'dns' cannot have this fault"),
        ("{process: kill, where: app, when: {from: 1s, for: 1s}, chance: 0.5}", "Leave it out."),
        ("{process: kill, where: app, when: {from: 1s, for: 1s, ramp: {over: 1s}}}", "cannot ramp"),
    ],
)
def test_what_cannot_be_is_refused_with_the_way_out(tmp_path: Path, entry: str, said: str) -> None:
    (tmp_path / "x.yaml").write_text(TITLE + f"  - {entry}\n")
    with pytest.raises(ExperimentError) as refused:
        load(tmp_path / "x.yaml")
    assert said in str(refused.value)
