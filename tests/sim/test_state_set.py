"""The set of states against Python's own."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.sim.state_set import StateSet

BATCHES = st.lists(st.lists(st.integers(0, 40) | st.integers(0, 2**62), max_size=60), max_size=8)


@given(BATCHES)
def test_each_state_is_added_once_and_keeps_its_number(batches: list[list[int]]) -> None:
    states, numbers = StateSet(), dict[int, int]()
    for batch in batches:
        new, slots = states.add(np.array(batch, np.int64))
        places = new.tolist()
        fresh = [batch[place] for place in places]
        assert places == sorted(places)
        assert sorted(fresh) == sorted(set(batch) - set(numbers))
        for state in fresh:
            numbers[state] = len(numbers)
        assert states.numbers_at(slots).tolist() == [numbers[state] for state in batch]
    assert states.size == len(numbers)
    assert states.states[: states.size].tolist() == list(numbers)


def test_it_grows_and_keeps_what_it_has() -> None:
    states = StateSet()
    for first in range(0, 200_000, 50_000):
        assert len(states.add(np.arange(first, first + 60_000))[0]) == (60_000 if first == 0 else 50_000)
    assert states.size == 210_000
    new, slots = states.add(np.arange(210_000))
    assert not len(new)
    assert states.numbers_at(slots).tolist() == list(range(210_000))
