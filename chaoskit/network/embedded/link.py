"""One stream of one connection, and the chain of toxics on it.

The toxics decide (``network/toxics``); a link waits and sends. Toxics follow one another in the order in which they were added, as in
Toxiproxy: what leaves one enters the next.

A toxic has met the connection when a peer saw what it did: bytes came late, or not at all, or the connection ended by it. What was held
back for less than is felt, or was swallowed later by another toxic, nobody saw.
"""

from __future__ import annotations

import asyncio
import random
import time
from bisect import insort
from collections import deque
from dataclasses import replace
from typing import NamedTuple, Protocol

from chaoskit.clock import Instant
from chaoskit.network.target import Stream
from chaoskit.network.toxics import Cut, Moment, Send, Toxic
from chaoskit.timeline.injection import FELT_NS

HELD_MAX = 4 << 20
"""Bytes that the toxics of one link may hold back before the sender is made to wait; half of it lets the sender go on."""


class Ends(Protocol):
    """What a link needs of its connection."""

    def deliver(self, link: Link, data: bytes, late_by: tuple[str, ...]) -> None:
        """Hand bytes to the receiving side; the toxics in ``late_by`` made them late."""

    def finish(self, link: Link) -> None:
        """The stream is over: pass the half-close on."""

    def cut(self, cut: Cut, toxic: str) -> None:
        """End the connection now, because ``toxic`` says so."""

    def quiet_from(self, at: Instant) -> Instant:
        """When the connection is quiet if no more bytes come: an answer was its last, a while ago."""

    def acted(self, toxic: str) -> None:
        """``toxic`` has delayed or dropped something, whether or not anybody sees it."""

    def met(self, toxic: str) -> None:
        """A peer saw what ``toxic`` did."""

    def abort(self) -> None:
        """End the connection at once: something of ours broke."""

    def hold(self, link: Link, *, full: bool) -> None:
        """Stop (``full``) or resume reading from the sending side."""


class _Held(NamedTuple):
    """What a stage holds back ``since`` an instant until it is ``due``: bytes, or None for the stream's end."""

    due: Instant
    data: bytes | None
    since: Instant
    late_by: tuple[str, ...] = ()


class Stage:
    """A toxic on a link: asks it what becomes of the bytes, and holds them until they are due.

    ``late_by`` of what is cut, or held, are the toxics that made it late. ``dropped_at`` is when the first bytes were dropped.
    """

    __slots__ = (
        "cut", "cut_late_by", "dropped_at", "free", "held", "link", "name", "over", "passed", "place", "rng", "timer",
        "toxic",
    )  # fmt: skip

    def __init__(self, link: Link, name: str, place: int, toxic: Toxic, rng: random.Random, passed: int) -> None:
        self.link = link
        self.name = name
        self.place = place
        self.toxic = toxic
        self.rng = rng
        self.held: deque[_Held] = deque()
        self.free: Instant = 0
        self.passed = passed
        self.over = False
        self.timer: asyncio.TimerHandle | None = None
        self.cut_late_by: tuple[str, ...] = ()
        self.dropped_at: Instant | None = None
        self.cut = toxic.opened(time.monotonic_ns())
        self._arm()

    def take(self, data: bytes, late_by: tuple[str, ...] = ()) -> None:
        """Bytes come from the sender or the toxic before; ``late_by`` are those before that made them late."""
        if self.over:
            return
        at = time.monotonic_ns()
        moment = Moment(at, self.free, self.passed)
        self.passed += len(data)
        sent = 0
        for effect in self.toxic.chunk(data, moment, self.rng):
            if isinstance(effect, Cut):
                self.cut, self.cut_late_by = effect, late_by
            else:
                sent += len(effect.data)
                self._send(effect, at, late_by)
        if sent < len(data):
            self.link.ends.acted(self.name)
            self.link.drops = True
            self.dropped_at = at if self.dropped_at is None else self.dropped_at
        self.settle(at)

    def end(self) -> None:
        """The stream's end comes."""
        if self.over:
            return
        at = time.monotonic_ns()
        verdict = self.toxic.ended(Moment(at, self.free, self.passed))
        if isinstance(verdict, Cut):
            self.cut = verdict
        elif verdict is None:
            self.link.ends.acted(self.name)
            self.link.ends.met(self.name)
        elif verdict <= at and not self.held:
            self.link.end_after(self)
        else:
            if verdict > max(at, self.free):
                self.link.ends.acted(self.name)
            if verdict >= max(at, self.free) + FELT_NS:
                self.link.ends.met(self.name)
            self.held.append(_Held(verdict, None, at))
        self.settle(at)

    def _send(self, effect: Send, at: Instant, late_by: tuple[str, ...]) -> None:
        self.free = max(self.free, effect.due)
        if effect.due <= at and not self.held:
            self.link.pass_after(self, effect.data, late_by)
            return
        self.link.ends.acted(self.name)
        if self.free >= at + FELT_NS:
            late_by = (*late_by, self.name)
        self.held.append(_Held(effect.due, effect.data, at, late_by))
        self.link.count_held(len(effect.data))

    def settle(self, at: Instant) -> None:
        """Let go of all that is due at ``at``, in order, and see to the next."""
        while self.held and self.held[0].due <= at:
            self._release()
        if self.link.closed:
            return
        if self.cut and self.cut.due <= at < self.cut.spare_calls_until:
            spared_until = min(self.link.ends.quiet_from(at), self.cut.spare_calls_until)
            self.cut = replace(self.cut, due=max(self.cut.due, spared_until))
        if self.cut and self.cut.due <= at:
            cut, self.cut, self.over = self.cut, None, True
            self.link.cut_after(self, cut)
        else:
            self._arm()

    def flush(self) -> None:
        """Let go of everything, due or not."""
        while self.held:
            self._release()

    def _release(self) -> None:
        held = self.held.popleft()
        if held.data is None:
            self.link.end_after(self)
        else:
            self.link.count_held(-len(held.data))
            self.link.pass_after(self, held.data, held.late_by)

    def account(self, at: Instant) -> None:
        """The stage or its connection goes: tell of what it has kept from the receiver for as long as is felt."""
        overdue = [held for held in self.held if held.data is not None and at >= held.since + FELT_NS]
        if overdue or (self.dropped_at is not None and at >= self.dropped_at + FELT_NS):
            self.link.ends.met(self.name)
        for name in {name for held in overdue for name in held.late_by}:
            self.link.ends.met(name)

    def _arm(self) -> None:
        self.disarm()
        dues = [self.held[0].due] if self.held else []
        if self.cut:
            dues.append(self.cut.due)
        if dues:  # the event loop's clock is time.monotonic(): the base of our instants, in seconds
            self.timer = asyncio.get_running_loop().call_at(min(dues) / 1e9, self._wake)

    def _wake(self) -> None:
        self.timer = None
        try:
            self.settle(time.monotonic_ns())
        except Exception:
            self.link.ends.abort()  # a bug of ours, met by a timer: without this the connection would hang
            raise

    def disarm(self) -> None:
        """Forget the timer."""
        if self.timer:
            self.timer.cancel()
            self.timer = None


class Link:
    """One stream: ``feed`` and ``end`` are what the sender did; ``Ends.deliver`` and ``finish`` what the receiver gets.

    ``drops`` says that a toxic has swallowed some of it.
    """

    __slots__ = ("closed", "cutting", "drops", "ended", "ends", "held", "holding", "stages", "stream")

    def __init__(self, stream: Stream, ends: Ends) -> None:
        self.stream = stream
        self.ends = ends
        self.stages: list[Stage] = []
        self.held = 0
        self.holding = False
        self.ended = False
        self.closed = False
        self.cutting: tuple[Cut, str] | None = None
        self.drops = False

    def feed(self, data: bytes) -> None:
        """The sender sent ``data``."""
        if self.stages:
            self.stages[0].take(data)
        else:
            self.ends.deliver(self, data, ())

    def end(self) -> None:
        """The sender will send no more."""
        self.ended = True
        if self.stages:
            self.stages[0].end()
        else:
            self.ends.finish(self)

    def pass_after(self, stage: Stage, data: bytes, late_by: tuple[str, ...]) -> None:
        """Bytes have left ``stage``. When a toxic further down has cut the connection, they go nowhere."""
        if self.closed:
            return
        if following := self._following(stage):
            following.take(data, late_by)
        else:
            self.ends.deliver(self, data, late_by)

    def end_after(self, stage: Stage) -> None:
        """The end has left ``stage``."""
        if self.closed:
            return
        if following := self._following(stage):
            following.end()
        elif self.cutting is not None:
            self.ends.cut(self.cutting[0], self.cutting[1])
        else:
            self.ends.finish(self)

    def cut_after(self, stage: Stage, cut: Cut) -> None:
        """``stage`` ends the connection: at once with a reset, otherwise when what has left it before is delivered."""
        for name in (*stage.cut_late_by, stage.name):
            self.ends.met(name)
        following = self._following(stage)
        if cut.reset or following is None:
            self.ends.cut(cut, stage.name)
        else:
            self.cutting = (cut, stage.name)
            following.end()

    def _following(self, stage: Stage) -> Stage | None:
        place = self.stages.index(stage) + 1
        return self.stages[place] if place < len(self.stages) else None

    def count_held(self, change: int) -> None:
        """Bytes held back have grown or shrunk; make the sender wait, or go on."""
        self.held += change
        full = self.held > (HELD_MAX // 2 if self.holding else HELD_MAX)
        if full != self.holding:
            self.holding = full
            self.ends.hold(self, full=full)

    def add(self, name: str, place: int, toxic: Toxic, rng: random.Random, passed: int = 0) -> None:
        """Put a toxic into the chain, by its place; it was handed ``passed`` bytes before. A stream that has ended needs none."""
        if not self.ended and not self.closed:
            insort(self.stages, Stage(self, name, place, toxic, rng, passed), key=lambda stage: stage.place)

    def remove(self, name: str, *, changed: bool = False) -> int:
        """Take a toxic out; what it holds is passed on at once. ``changed``: the same toxic comes back with other parameters.

        The number of bytes that it was handed, 0 if it was not here.
        """
        passed = 0
        for stage in [stage for stage in self.stages if stage.name == name]:
            stage.disarm()
            stage.account(time.monotonic_ns())
            stage.flush()
            if self.closed:
                break
            self.stages.remove(stage)
            passed = stage.passed
            # What set a reset going is dropped, and a stream with a hole cannot live on.
            if stage.cut and stage.cut.reset:
                self.ends.cut(stage.cut, name)
            elif not changed and (cut := stage.toxic.lifted(time.monotonic_ns())):
                self.ends.cut(cut, name)
        return passed

    def close(self) -> None:
        """Drop everything that is held: the connection is gone."""
        self.closed = True
        for stage in self.stages:
            stage.account(time.monotonic_ns())
            stage.disarm()
            stage.held.clear()
        self.stages.clear()
