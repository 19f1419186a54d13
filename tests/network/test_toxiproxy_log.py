"""What Toxiproxy's log proves, and what it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chaoskit.errors import PlaneError
from chaoskit.journal.events import ConnectionOpened, Event
from chaoskit.network.server import Program, check_version
from chaoskit.network.target import Stream
from chaoskit.network.toxics import Toxic
from chaoskit.network.toxics.bandwidth import Bandwidth
from chaoskit.network.toxics.latency import Latency
from chaoskit.network.toxics.limit_data import LimitData
from chaoskit.network.toxics.reset_peer import ResetPeer
from chaoskit.network.toxics.slicer import Slicer
from chaoskit.network.toxics.slow_close import SlowClose
from chaoskit.network.toxics.timeout import Timeout
from chaoskit.network.toxiproxy_log import Log, LogFedControl
from chaoskit.units import MICROSECOND, MILLISECOND
from tests.network.test_driver import FakeControl

PROXY = "svc@127.0.0.1"


class Told:
    """A control, and a Toxiproxy's log beside it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.failures: list[str] = []
        self.log = Log(self.events.append, self.failures.append)
        self.control = LogFedControl(FakeControl(), self.log)

    def say(self, **fields: Any) -> None:
        self.log.line(json.dumps({"level": "debug", **fields}).encode())

    def created(self, proxy: str = PROXY) -> None:
        self.say(handler="ToxicCreate", status=200, url=f"/proxies/{proxy}/toxics")

    def put(self, toxic: Toxic, stream: Stream = "downstream", toxicity: float = 1.0, name: str = "t") -> None:
        self.control.add_toxic(PROXY, name, toxic, stream, toxicity)

    def connection(self, proxy: str = PROXY) -> ConnectionOpened:
        self.say(level="info", name=proxy, message="Accepted client", client="127.0.0.1:1")
        for direction in ("upstream", "downstream"):
            self.say(name=proxy, message="Setup connection", direction=direction)
        opened = self.events[-1]
        assert isinstance(opened, ConnectionOpened)
        return opened


SLOW = Latency(5 * MILLISECOND)


def test_a_connection_made_while_a_toxic_is_on_met_it() -> None:
    told = Told()
    assert told.connection().toxics == ()
    told.put(SLOW)
    assert told.connection().toxics == (), "asked for, but not yet created"
    told.created()
    opened = told.connection()
    assert (opened.toxics, opened.proxy, opened.peer, opened.connection) == (("t",), PROXY, "127.0.0.1:1", f"{PROXY}#3")
    assert told.connection("other@127.0.0.1").toxics == ()
    told.control.remove_toxic(PROXY, "t")
    assert told.connection().toxics == ()


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_either_stream(stream: Stream) -> None:
    told = Told()
    told.put(ResetPeer(), stream)
    told.created()
    assert told.connection().toxics == ("t",)


def test_a_stream_that_was_set_up_before_has_nothing() -> None:
    told = Told()
    told.put(SLOW, "upstream")
    told.say(level="info", name=PROXY, message="Accepted client", client="127.0.0.1:1")
    told.say(name=PROXY, message="Setup connection", direction="upstream")
    told.created()
    told.say(name=PROXY, message="Setup connection", direction="downstream")
    assert [event.toxics for event in told.events if isinstance(event, ConnectionOpened)] == [()]


@pytest.mark.parametrize(
    "toxic",
    [
        Latency(0),
        Latency(5 * MILLISECOND, 5 * MILLISECOND),
        Slicer(9),
        Slicer(9, 0, 10 * MICROSECOND),
        LimitData(9),
        SlowClose(MILLISECOND),
        Bandwidth(1000),
    ],
)
def test_what_may_leave_a_connection_unchanged_is_not_claimed(toxic: Toxic) -> None:
    told = Told()
    told.put(toxic)
    told.created()
    assert told.connection().toxics == ()


@pytest.mark.parametrize(
    ("toxics", "met"),
    [
        ((SLOW, Timeout(0)), ("t1",)),
        ((ResetPeer(), SLOW), ("t0",)),
        ((SLOW, Bandwidth(1)), ("t0", "t1")),
        ((Timeout(0), ResetPeer()), ()),
    ],
)
def test_what_lets_nothing_through_hides_other_toxics(toxics: tuple[Toxic, ...], met: tuple[str, ...]) -> None:
    told = Told()
    for number, toxic in enumerate(toxics):
        told.put(toxic, name=f"t{number}")
        told.created()
    assert told.connection().toxics == met


@pytest.mark.parametrize("toxic", [Timeout(0), ResetPeer(), Bandwidth(0), Slicer(9, 0, MILLISECOND), SLOW])
def test_dice_are_not_guessed(toxic: Toxic) -> None:
    certain, uncertain = Told(), Told()
    certain.put(toxic)
    uncertain.put(toxic, toxicity=0.999)
    for told, toxics in ((certain, ("t",)), (uncertain, ())):
        told.created()
        assert told.connection().toxics == toxics


def test_a_service_that_is_not_there_is_a_failure_of_the_harness() -> None:
    told = Told()
    told.say(level="error", name=PROXY, message="Unable to open connection to upstream", upstream="u:1", error="no")
    assert told.failures == [f"proxy {PROXY} cannot reach its service at u:1: no"]


def test_what_is_no_log_is_for_a_person_to_read(capfd: pytest.CaptureFixture[str]) -> None:
    told = Told()
    told.log.line(b"panic: at the disco\n")
    told.log.line(b'["a list"]\n')
    told.say(level="error", message="out of luck")
    told.say(level="warn", message="Source terminated")
    said = capfd.readouterr().err
    assert "panic: at the disco" in said
    assert "out of luck" in said
    assert "Source terminated" not in said


@pytest.mark.parametrize("version", ["2.5.0", "v2.12.0", "git", "2.99"])
def test_versions_that_are_driven(version: str) -> None:
    check_version(version, "it")


@pytest.mark.parametrize("version", ["2.4.0", "1.2.1", "3.0.0"])
def test_versions_that_are_not(version: str) -> None:
    with pytest.raises(PlaneError, match=f"it is version {version}; chaoskit drives Toxiproxy from 2.5 on, below 3"):
        check_version(version, "it")


def test_an_old_program_is_refused_before_it_is_started(tmp_path: Any) -> None:
    program = tmp_path / "toxiproxy-server"
    program.write_text("#!/bin/sh\necho toxiproxy-server version 2.1.4\n")
    program.chmod(0o755)
    with pytest.raises(PlaneError, match=r"is version 2\.1\.4"):
        Program(str(program), lambda reason: None)
