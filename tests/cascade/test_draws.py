"""Counter-based randomness: known answers, one stream for whoever asks, and evenness."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.cascade.draws import Stream, Streams, base_key, mix

GAMMA = 0x9E3779B97F4A7C15


def test_mix_gives_splitmix64s_known_answers() -> None:
    """The first outputs for the state 1234567, as the reference implementation prints them."""
    outputs = [mix((1234567 + k * GAMMA) % 2**64) for k in (1, 2, 3)]
    assert outputs == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@given(st.integers(0, 2**64 - 1), st.lists(st.integers(0, 6), min_size=1, max_size=30))
def test_arrays_and_single_entities_draw_the_same(base: int, asked: list[int]) -> None:
    streams, alone = Streams(base, 7), [Stream(base, entity) for entity in range(7)]
    for entity in asked:
        assert streams.random(np.array([entity]))[0] == alone[entity].random()


def test_a_mask_draws_only_for_those_it_picks() -> None:
    streams, alone = Streams(5, 3), [Stream(5, entity) for entity in range(3)]
    assert streams.random(np.array([True, False, True])).tolist() == [alone[0].random(), alone[2].random()]
    assert streams.of(np.array([2, 1])).random(np.array([True, True])).tolist() == [
        alone[2].random(),
        alone[1].random(),
    ]


def test_draws_are_even_and_not_correlated() -> None:
    """Over entities and over counts: chi-squared over 100 bins, and the correlation of neighbours."""
    streams = Streams(base_key(1, "test"), 100_000)
    everyone = np.arange(100_000)
    first, second = streams.random(everyone), streams.random(everyone)
    for draws in (first, second):
        counts, _ = np.histogram(draws, bins=100, range=(0, 1))
        assert ((counts - 1000) ** 2 / 1000).sum() < 150  # 99 degrees of freedom: beyond 150 once in 1,500
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.01
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 0.01


def test_purposes_have_keys_of_their_own() -> None:
    assert base_key(1, "a") != base_key(1, "b") != base_key(2, "b")
