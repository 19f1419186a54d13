"""The mechanism of the day, as a fluid, for thousands of draws at once. Times in minutes after the record was emptied.

1. While the record is empty no lease is renewed. Leases end evenly over their length, so the share min(1, outage / lease) has lapsed.
2. When it is back, every lapsed lease is attempted, through one first-in-first-out queue that needs ``release`` minutes for them all. An
   attempt that waits longer than ``time_out`` is given up, and made again after ``retry``; its work stays in the queue and is done for
   nobody. While the record is empty attempts fail at once, so when it is back they come evenly over ``retry``, and again a period
   (time-out and retry) later. Leases that are held do not load this queue.
3. From the throttle on (operators, or a policy from the start) the queue is emptied and work is let in at a share of the capacity, in time.
4. Changes of the network pile up until all leases are held, and are worked off with what the network manager has to spare.
5. Launches pile up until the throttles are relaxed, and are worked off in the same way.
6. Load balancers err from the moment that new instances come without connectivity until failover is switched off, or the network is normal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chaoskit.cascade.day.plan import Day

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Draws = dict[str, NDArray[Any]]

BINS = 48
"""Attempts of one period come in so many parts."""

MOST_CYCLES = 4000
HELD = 0.01
"""All leases are held when less than this share of the lapsed ones is missing."""

NLB_DELAY_MIN = 2.0
ZONE_SHARE = 1 / 3
"""The capacity that one failover takes out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """What people did and what was different. Times in minutes after the start; delays count from what they answer.

    The operators answer what they see: the throttle comes so long after the record is back, the failover is switched off so long after
    the leases are held, the throttles are relaxed so long after the network is normal.
    """

    record_back: float
    throttle_delay: float
    failover_off_delay: float
    relax_delay: float
    self_repair: bool = False
    throttle_from_start: bool = False
    lease_times: float = 1.0
    capacity_times: float = 1.0
    retry_times: float = 1.0
    negative_ttl: float | None = None
    velocity_share: float | None = None

    @classmethod
    def published(cls, day: Day) -> Actions:
        """As it was."""
        events = day.events
        return cls(
            record_back=events["record_back"],
            throttle_delay=events["throttled"] - events["record_back"],
            failover_off_delay=events["failover_off"] - day.phase_end("drain"),
            relax_delay=events["relaxed"] - day.phase_end("network"),
        )

    def faster(self, minutes: float) -> Actions:
        """Every operator so much faster, where there is so much to gain; the record comes back sooner too."""
        return replace(
            self,
            record_back=max(0.0, self.record_back - minutes),
            throttle_delay=max(0.0, self.throttle_delay - minutes),
            failover_off_delay=max(0.0, self.failover_off_delay - minutes),
            relax_delay=max(0.0, self.relax_delay - minutes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """When what happened in each draw. ``alone``: the leases recovered before any throttle. ``missing``: the share still lapsed at it."""

    record_back: NDArray[Any]
    customers_back: NDArray[Any]
    alone: NDArray[Any]
    missing: NDArray[Any]
    throttled: NDArray[Any]
    leases_held: NDArray[Any]
    network_normal: NDArray[Any]
    relaxed: NDArray[Any]
    recovered: NDArray[Any]
    nlb_from: NDArray[Any]
    nlb_until: NDArray[Any]
    nlb_share: NDArray[Any]


def course_of(draws: Draws, actions: Actions) -> Course:
    """The day of every draw."""
    import numpy as np

    number = len(draws["lease"])
    back = np.full(number, actions.record_back)
    if actions.self_repair:
        back = np.minimum(back, draws["repair"])
    tail = draws["negative_ttl"]
    if actions.negative_ttl is not None:
        tail = np.minimum(tail, actions.negative_ttl)
    lapsed = np.minimum(1.0, back / (draws["lease"] * actions.lease_times))
    release = lapsed * draws["full_release"] / actions.capacity_times
    throttled = back + actions.throttle_delay
    if actions.throttle_from_start:
        throttled, alone, missing, held = back, np.ones(number, bool), np.zeros(number), back + release
    else:
        spent, missing = collapse(release, draws["time_out"], draws["retry"] * actions.retry_times, throttled - back)
        alone = missing < HELD
        held = np.where(alone, back + spent, throttled + missing * release / draws["throttle"])
    held = np.where(back > 0, held, 0.0)
    ratio = draws["network_load"] / (1.0 - draws["network_load"])
    normal = held * (1.0 + ratio)
    relaxed = normal + np.where(held > 0, actions.relax_delay, 0.0)
    recovered = relaxed * (1.0 + draws["launch_load"] / (1.0 - draws["launch_load"]))
    nlb_from = held + np.where(held > 0, NLB_DELAY_MIN, 0.0)
    nlb_until = np.maximum(nlb_from, np.minimum(held + actions.failover_off_delay, normal))
    removed = ZONE_SHARE if actions.velocity_share is None else min(ZONE_SHARE, actions.velocity_share)
    return Course(
        record_back=back,
        customers_back=back + np.where(back > 0, tail, 0.0),
        alone=alone,
        missing=missing,
        throttled=throttled,
        leases_held=held,
        network_normal=normal,
        relaxed=relaxed,
        recovered=recovered,
        nlb_from=nlb_from,
        nlb_until=nlb_until,
        nlb_share=np.maximum(0.0, 1.0 - (1.0 - removed) / draws["utilisation"]),
    )


def collapse(
    release: NDArray[Any], time_out: NDArray[Any], retry: NDArray[Any], until: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """(minutes until the last lease was got, share still missing at ``until``) when nobody throttles, from an empty queue.

    Period by period, in ``BINS`` parts: what of a part finds less than ``time_out`` of work before it gets its leases and is gone; the
    rest leaves its work behind and comes again a period later. Once a whole period's work is more than a period can do and no
    part can be in time, nothing changes any more.
    """
    import numpy as np

    period = time_out + retry
    number = len(release)
    parts = np.full((BINS, number), 1.0 / BINS)
    wait, spent, clock = np.zeros(number), np.zeros(number), np.zeros(number)
    step = retry / BINS
    active = np.arange(number)
    for _ in range(MOST_CYCLES):
        if not len(active):
            break
        here = parts[:, active]
        w, t, s = wait[active], clock[active], spent[active]
        for part in range(BINS):
            within = t < until[active]
            work = np.where(within, here[part] * release[active], 0.0)
            after = np.maximum(0.0, w + work - step[active])
            share = np.where(within, _in_time(w, after, time_out[active]), 0.0)
            s = np.where((share > 0) & (work > 0), t + step[active] + np.minimum(after, time_out[active]), s)
            here[part] *= 1.0 - share
            w = after
            t = t + step[active]
        w, t = np.maximum(0.0, w - time_out[active]), t + time_out[active]
        parts[:, active] = here
        left = here.sum(axis=0)
        here[here < 1e-9] = 0.0
        stuck = (w > 2 * period[active]) & (left * release[active] > period[active])
        wait[active], clock[active], spent[active] = w, t, s
        active = active[(left > 0) & (t < until[active]) & ~stuck]
    missing = parts.sum(axis=0)
    return np.where(missing < HELD, spent, until), missing


def _in_time(before: NDArray[Any], after: NDArray[Any], time_out: NDArray[Any]) -> NDArray[Any]:
    """The share of a part whose wait is within ``time_out``, while the wait goes evenly from ``before`` to ``after``."""
    import numpy as np

    low, high = np.minimum(before, after), np.maximum(before, after)
    share: NDArray[Any] = np.clip((time_out - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
    return share
