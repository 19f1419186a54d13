from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.spread import Z_95, Z_99, percentile, spread, wilson


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


def test_wilsons_interval_is_the_textbooks() -> None:
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(20, 20) == pytest.approx((0.8389, 1.0), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(1, 10_000), st.data())
def test_the_interval_holds_the_share_and_grows_with_certainty(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    low, high = wilson(successes, trials, Z_95)
    wider = wilson(successes, trials, Z_99)
    assert 0 <= wider[0] <= low <= successes / trials <= high <= wider[1] <= 1
