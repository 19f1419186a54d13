from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.spread import percentile, spread


def test_spread_and_percentile() -> None:
    assert spread([]) is None
    assert percentile([], 0.5) is None
    found = spread([4, 1, 3, 2])
    assert found is not None
    assert (found.n, found.least, found.middle, found.most) == (4, 1, 2, 4)


@given(st.lists(st.integers(), min_size=1), st.floats(0, 1))
def test_percentile_is_a_sample_that_enough_others_do_not_exceed(samples: list[int], share: float) -> None:
    found = percentile(samples, share)
    assert found in samples
    assert sum(sample <= found for sample in samples) >= share * len(samples)
