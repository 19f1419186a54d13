"""The droplet workflow manager: it holds a lease on every droplet (a physical host) and takes back what has lapsed, through one queue.

Written against a ``Schedule`` and a ``LeaseStore``, so the same manager with the same policies runs in virtual time and as a process
that writes to DynamoDB. A state check comes round for every droplet: it renews a lease that is held, or finds that it has lapsed. A lapsed
one is attempted: the manager reads from its store; if that fails it is made again after a back-off, else it waits in
the queue, where each takes ``work``. One that is not answered within ``time_out`` is given up and made again, while its place in the
queue stays taken: that work is done for nobody (AWS, summary of the event of 20 October 2025: re-leasing took longer than the lease-attempt
time-out, and time-outs queued more attempts).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from chaoskit.cascade.draws import Stream, base_key
from chaoskit.cascade.live.schedule import Schedule
from chaoskit.cascade.live.settings import Settings
from chaoskit.cascade.policies.back_off import FAILED, BackOff
from chaoskit.cascade.policies.lease import ASK, RENEW, Lease
from chaoskit.cascade.policies.queue import Offer, Queue
from chaoskit.cascade.policies.queue_throttle import Offer as ThrottleOffer
from chaoskit.cascade.policies.queue_throttle import QueueThrottle
from chaoskit.cascade.policies.state_check import FAILED as CHECK_FAILED
from chaoskit.cascade.policies.state_check import PASSED, StateCheck
from chaoskit.clock import Instant
from chaoskit.units import MILLISECOND, SECOND, Duration

Done = Callable[[bool], None]


class LeaseStore(Protocol):
    """Where leases are kept. ``done`` hears whether it went well, later."""

    def read(self, droplet: int, done: Done) -> None:
        """Read the droplet's lease."""

    def write(self, droplet: int, expires: Instant, generation: int, done: Done) -> None:
        """Write the droplet's lease, on the condition that the stored generation is not above ``generation``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle(Settings):
    """Throttling by the queue's length: all is admitted up to ``low`` waiting, nothing from ``high`` on."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowSettings(Settings):
    """``check``: the period of state checks. ``work``: what taking one lapsed lease costs the manager. ``retry``: the mean back-off.

    ``fill``: the first leases are written evenly over so long, without work. ``throttle`` is on from the start, or ``throttle_after`` so
    long from the start, when the queue is emptied too, as restarting the manager's hosts does. With ``throttle_by_order`` an operator says
    when that is.
    """

    droplets: int = 20
    lease: Duration = 6 * SECOND
    check: Duration = 1 * SECOND
    work: Duration = 250 * MILLISECOND
    time_out: Duration = 1500 * MILLISECOND
    retry: Duration = 500 * MILLISECOND
    queue: int = 200
    fill: Duration = 4 * SECOND
    throttle: Throttle | None = None
    throttle_after: Duration | None = None
    throttle_by_order: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.droplets <= 1000 or self.queue < 1:
            raise ValueError("'droplets' is from 1 to 1000, and 'queue' at least 1")
        if min(self.lease, self.check, self.work, self.time_out, self.retry) <= 0:
            raise ValueError("'lease', 'check', 'work', 'time_out' and 'retry' are longer than 0")
        if self.check >= self.lease:
            raise ValueError("'check' is shorter than 'lease', or a lease lapses before it can be renewed")
        if self.throttle is not None and not 0 <= self.throttle.low < self.throttle.high:
            raise ValueError("'throttle.low' is at least 0 and below 'throttle.high'")
        if self.throttle_after is not None and self.throttle is None:
            raise ValueError("'throttle_after' says when 'throttle' begins; write 'throttle' too")
        if self.throttle_by_order and (self.throttle is None or self.throttle_after is not None):
            raise ValueError("'throttle_by_order' needs 'throttle', and excludes 'throttle_after'")


class Droplet:
    """One droplet as its manager knows it. ``attempt`` is the number of the latest attempt, ``generation`` that of its lease."""

    __slots__ = ("attempt", "draws", "generation", "lapsed", "lease", "number")

    def __init__(self, number: int, draws: Stream, policy: Lease) -> None:
        self.number, self.draws, self.lease = number, draws, policy.initial()
        self.lapsed, self.attempt, self.generation = True, 0, 0


class Workflow:
    """The manager. ``level`` hears of each level by name: leases held, attempts waiting, attempts served for nobody, refused."""

    def __init__(
        self,
        settings: WorkflowSettings,
        schedule: Schedule,
        store: LeaseStore,
        seed: int,
        level: Callable[[str, float], None],
    ) -> None:
        self.settings, self._schedule, self._store, self._level = settings, schedule, store, level
        longest = round(settings.retry * 4 / 3)
        self._lease = Lease(length_ns=settings.lease)
        self._check = StateCheck(period_ns=settings.check, retry_ns=settings.check, spread=0.0)
        self._back_off = BackOff(base_ns=longest, cap_ns=longest, jitter="equal")
        self._queue_policy = Queue(limit=settings.queue)
        self._throttle = (
            QueueThrottle(low=settings.throttle.low, high=settings.throttle.high) if settings.throttle else None
        )
        self._throttle_state = self._throttle.initial() if self._throttle else None
        at_once = settings.throttle_after is None and not settings.throttle_by_order
        self._throttled = settings.throttle is not None and at_once
        self._queue: deque[tuple[Instant, Droplet, int]] = deque()
        self._busy, self._turn = False, 0
        self._stale = self._refused = 0
        base = base_key(seed, "droplets")
        self._droplets = [Droplet(number, Stream(base, number), self._lease) for number in range(settings.droplets)]

    @property
    def held(self) -> int:
        """How many leases are held."""
        return sum(not droplet.lapsed for droplet in self._droplets)

    def begin(self) -> None:
        """Write the first leases, evenly over ``fill``, and go on from there."""
        start, settings = self._schedule.now, self.settings
        for droplet in self._droplets:
            due = start + droplet.number * settings.fill // settings.droplets
            self._schedule.at(due, lambda droplet=droplet: self._take_first(droplet))  # type: ignore[misc]
        if settings.throttle_after is not None:
            self._schedule.at(start + settings.throttle_after, self.restart)
        self._tell()

    def _tell(self) -> None:
        self._level("leases held", self.held)
        self._level("attempts waiting", len(self._queue))
        self._level("attempts served for nobody", self._stale)
        self._level("attempts refused", self._refused)

    def _take_first(self, droplet: Droplet) -> None:
        """The lease that the droplet has from before: it costs no work."""
        lease, _ = self._lease.step(droplet.lease, RENEW, self._schedule.now, droplet.draws)

        def done(well: bool) -> None:
            if well:
                droplet.lease, droplet.lapsed, droplet.generation = lease, False, 1
                self._check_in(droplet, PASSED)
                self._tell()
            else:
                self._sleep(droplet, 0)

        self._store.write(droplet.number, lease.expires, 1, done)

    def _check_in(self, droplet: Droplet, outcome: int) -> None:
        """The droplet's next state check, after one that ended now."""
        _, due = self._check.step(self._check.initial(), outcome, self._schedule.now, droplet.draws)
        self._schedule.at(due, lambda: self._look_after(droplet))

    def _look_after(self, droplet: Droplet) -> None:
        """A state check: renew the lease, or find that it has lapsed."""
        now = self._schedule.now
        _, held = self._lease.step(droplet.lease, ASK, now, droplet.draws)
        if not held:
            droplet.lapsed = True
            self._tell()
            self._sleep(droplet, 0)
            return
        renewed, _ = self._lease.step(droplet.lease, RENEW, now, droplet.draws)

        def done(well: bool) -> None:
            if well:
                droplet.lease = renewed
            self._check_in(droplet, PASSED if well else CHECK_FAILED)

        self._store.write(droplet.number, renewed.expires, droplet.generation, done)

    def _sleep(self, droplet: Droplet, extra_ns: int) -> None:
        """The droplet's next attempt after a back-off, unless it has its lease by then."""
        now = self._schedule.now
        _, sleep = self._back_off.step(self._back_off.initial(), FAILED, now, droplet.draws)
        droplet.attempt += 1
        attempt = droplet.attempt
        self._schedule.at(now + extra_ns + sleep, lambda: self._try(droplet, attempt))

    def _try(self, droplet: Droplet, attempt: int) -> None:
        if not droplet.lapsed or droplet.attempt != attempt:
            return

        def done(well: bool) -> None:
            if not droplet.lapsed or droplet.attempt != attempt:
                return
            if well and self._admits(droplet):
                self._sleep(droplet, self.settings.time_out)
                self._queue.append((self._schedule.now, droplet, droplet.attempt))
                self._serve()
            else:
                self._sleep(droplet, 0)
            self._tell()

        self._store.read(droplet.number, done)

    def _admits(self, droplet: Droplet) -> bool:
        """Whether there is room in the queue and the throttle lets one in."""
        now, waiting = self._schedule.now, len(self._queue)
        state = self._queue_policy.initial()._replace(waiting=waiting)
        _, flow = self._queue_policy.step(state, Offer(1, 0), now, droplet.draws)
        admitted = flow.admitted >= 1
        if admitted and self._throttled and self._throttle and self._throttle_state is not None:
            offer = ThrottleOffer(1.0, float(waiting))
            self._throttle_state, number = self._throttle.step(self._throttle_state, offer, now, droplet.draws)
            admitted = number >= 1
        self._refused += not admitted
        return admitted

    def restart(self) -> None:
        """Empty the queue, and throttle from now on if there is a throttle."""
        self._queue.clear()
        self._throttled, self._busy = self.settings.throttle is not None, False
        self._turn += 1
        self._tell()

    def _serve(self) -> None:
        """Begin the work on the first attempt in the queue, unless another is under way."""
        if self._busy or not self._queue:
            return
        self._busy = True
        turn = self._turn
        self._schedule.at(self._schedule.now + self.settings.work, lambda: self._worked(turn))

    def _worked(self, turn: int) -> None:
        """The work is done: write the lease, if the droplet still waits for it."""
        if turn != self._turn:
            return
        asked, droplet, attempt = self._queue.popleft()
        now = self._schedule.now
        if now - asked > self.settings.time_out or not droplet.lapsed or droplet.attempt != attempt:
            self._stale += 1
            self._next(turn)
            return
        droplet.attempt += 1  # the time-out's own next attempt is off, as long as the write is under way
        generation = droplet.generation + 1
        lease, _ = self._lease.step(droplet.lease, RENEW, now, droplet.draws)

        def done(well: bool) -> None:
            if well:
                droplet.lease, droplet.lapsed, droplet.generation = lease, False, generation
                self._check_in(droplet, PASSED)
            else:
                self._sleep(droplet, 0)
            self._next(turn)

        self._store.write(droplet.number, lease.expires, generation, done)

    def _next(self, turn: int) -> None:
        if turn == self._turn:
            self._busy = False
            self._serve()
        self._tell()
