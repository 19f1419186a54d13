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
from chaoskit.network.toxics.timeout import Timeout
from chaoskit.timeline.injection import FELT_NS
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
        self.late_by: set[str] = set()
        self.met_by: set[str] = set()
        self.acted_on: set[str] = set()
        self.link = Link("downstream", self)

    def deliver(self, link: Link, data: bytes, late_by: tuple[str, ...]) -> None:
        self.log.append(data)
        self.late_by |= set(late_by)

    def finish(self, link: Link) -> None:
        self.log.append("end")

    def cut(self, cut: Cut, toxic: str) -> None:
        self.log.append(("cut", toxic))
        self.link.close()

    def quiet_from(self, at: Instant) -> Instant:
        return at

    def acted(self, toxic: str) -> None:
        self.acted_on.add(toxic)

    def met(self, toxic: str) -> None:
        self.met_by.add(toxic)

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
        assert (ends.log, ends.acted_on) == ([], {"second"})
        ends.link.remove("second")
        assert ends.log == [b"ab", b"cd", "end"]
        assert ends.late_by == {"second"}

    asyncio.run(run())


def test_after_a_cut_further_down_nothing_goes_on() -> None:
    async def run() -> None:
        ends = Recorder()
        ends.add("halve", 1, Halve())
        ends.add("rst", 2, ResetPeer())
        ends.link.feed(b"abcd")
        assert ends.log == [("cut", "rst")]
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


def test_what_a_toxic_keeps_is_told_once_it_is_felt() -> None:
    """Whoever gives up on a late answer has met its lateness; whoever is cut at once has not."""

    async def run() -> None:
        ends = Recorder()
        ends.add("hour", 1, Latency(3600 * SECOND))
        ends.add("hole", 2, Timeout(0))
        ends.link.feed(b"a")
        hour, hole = ends.link.stages
        since = hour.held[0].since
        hour.account(since + FELT_NS - 1)
        assert (ends.met_by, ends.acted_on) == (set(), {"hour"})
        hour.account(since + FELT_NS)
        assert ends.met_by == {"hour"}
        hole.take(b"b")
        assert hole.dropped_at is not None
        hole.account(hole.dropped_at + FELT_NS - 1)
        assert (ends.met_by, ends.acted_on) == ({"hour"}, {"hour", "hole"})
        hole.account(hole.dropped_at + FELT_NS)
        assert ends.met_by == {"hour", "hole"}

    asyncio.run(run())
