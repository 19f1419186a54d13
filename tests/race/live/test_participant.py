"""When the next call is due."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.race.calls import Alias, Applied, Lock, LockLost, Newest
from chaoskit.race.enactor import LOSERS, Enactor
from chaoskit.race.live.participant import Participant, Schedule


def enactor(schedule: Schedule, seed: int = 0) -> Participant:
    return Participant(Enactor(), schedule, random.Random(seed))


def test_calls_keep_their_pace_unless_answers_come_later() -> None:
    participant = enactor(Schedule(rest=1000, first=10, pace=40))
    assert participant.due == 10
    participant.send(10)
    participant.take(Newest(2), 15)
    assert participant.due == 50
    participant.send(50)
    participant.take(Alias(1), 300)
    assert participant.due == 300


def test_a_pass_that_finds_nothing_new_rests_after_its_end() -> None:
    participant = enactor(Schedule(rest=1000, first=10, pace=40))
    participant.send(10)
    participant.take(Newest(1), 15)
    participant.send(50)
    participant.take(Alias(1), 55)
    assert participant.begins_pass
    assert participant.due == 1055


@given(st.integers(0, 100), st.integers(1, 8))
def test_losers_wait_longer_each_time_within_bounds(seed: int, losses: int) -> None:
    participant = enactor(Schedule(rest=10**9), seed)
    participant.send(1)
    participant.take(Newest(2), 1)
    participant.send(2)
    participant.take(Alias(1), 2)
    for loss in range(1, losses + 1):
        participant.send(0)
        participant.take(Lock("a"), 100)
        assert participant.due == 100, "whoever read something does not wait"
        participant.send(0)
        participant.take(LockLost(), 100)
        assert 100 <= participant.due <= 100 + LOSERS.bounds(loss)[1]
    participant.send(0)
    participant.take(Lock("a"), 100)
    participant.send(0)
    participant.take(Applied("b"), 100)
    assert participant.due == 100, "the row has ended"
