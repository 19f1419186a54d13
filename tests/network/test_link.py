"""The chain of toxics on a stream, without sockets."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import ClassVar

from chaoskit.clock import Instant
from chaoskit.network.embedded.link import Link
from chaoskit.network.toxics import Cut, Effect, Moment, Send, Toxic
from chaoskit.network.toxics.latency import Latency
from chaoskit.network.toxics.reset_peer import ResetPeer
from chaoskit.units import SECOND


@dataclass(frozen=True, slots=True)
class Halve(Toxic):
    """A toxic that sends each chunk in two pieces."""

    UNITS: ClassVar[dict[str, int]] = {}

    def chunk(self, data: bytes, moment: Moment, rng: random.Random) -> tuple[Effect, ...]:
        middle = len(data) // 2
        return Send(data[:middle], moment.at), Send(data[middle:], moment.at)


@dataclass(frozen=True, slots=True)
class LastWords(Toxic):
    """A toxic that passes on what comes, and will cut in an hour."""

    UNITS: ClassVar[dict[str, int]] = {}

    def chunk(self, data: bytes, moment: Moment, rng: random.Random) -> tuple[Effect, ...]:
        return Send(data, moment.at), Cut(moment.at + 3600 * SECOND)


class Recorder:
    """Both ends of a link: notes what it is asked."""

    def __init__(self) -> None:
        self.log: list[object] = []
        self.link = Link("downstream", self)

    def deliver(self, link: Link, data: bytes) -> None:
        self.log.append(data)

    def finish(self, link: Link) -> None:
        self.log.append("end")

    def cut(self, cut: Cut, toxic: str) -> None:
        self.log.append(("cut", toxic))
        self.link.close()

    def quiet_from(self, at: Instant) -> Instant:
        return at

    def touched(self, toxic: str) -> None:
        self.log.append(("touched", toxic))

    def abort(self) -> None:
        self.log.append("abort")

    def hold(self, link: Link, *, full: bool) -> None:
        self.log.append(("hold", full))

    def add(self, name: str, place: int, toxic: Toxic) -> None:
        self.link.add(name, place, toxic, random.Random(0))


def test_toxics_act_in_the_order_of_their_places() -> None:
    async def run() -> None:
        ends = Recorder()
        ends.add("second", 2, Latency(3600 * SECOND))
        ends.add("first", 1, Halve())
        assert [stage.name for stage in ends.link.stages] == ["first", "second"]
        ends.link.feed(b"abcd")
        ends.link.end()
        assert ends.log == [("touched", "second"), ("touched", "second")]
        ends.link.remove("second")
        assert ends.log[2:] == [b"ab", b"cd", "end"]

    asyncio.run(run())


def test_after_a_cut_further_down_nothing_goes_on() -> None:
    async def run() -> None:
        ends = Recorder()
        ends.add("halve", 1, Halve())
        ends.add("rst", 2, ResetPeer())
        ends.link.feed(b"abcd")
        assert [entry for entry in ends.log if entry != ("touched", "rst")] == [("cut", "rst")]
        assert ends.link.stages == []

    asyncio.run(run())


def test_lifting_a_toxic_above_one_that_cuts() -> None:
    async def run() -> None:
        ends = Recorder()
        ends.add("hour", 1, Latency(3600 * SECOND))
        ends.add("rst", 2, ResetPeer())
        ends.link.feed(b"a")
        ends.link.feed(b"b")
        ends.link.remove("hour")
        assert ends.log.count(("cut", "rst")) == 1
        assert b"a" not in ends.log

    asyncio.run(run())


def test_a_connection_is_cut_once() -> None:
    async def run() -> None:
        ends = Recorder()
        ends.add("last words", 1, LastWords())
        ends.add("rst", 2, ResetPeer())
        stage = ends.link.stages[0]
        ends.link.feed(b"a")
        assert ("cut", "rst") in ends.log
        assert stage.timer is None

    asyncio.run(run())


def test_a_stream_that_has_ended_gets_no_toxic() -> None:
    async def run() -> None:
        ends = Recorder()
        ends.link.end()
        ends.add("late", 1, Latency(SECOND))
        assert ends.link.stages == []
        assert ends.log == ["end"]

    asyncio.run(run())
