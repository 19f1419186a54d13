"""Toxics as pure answers: no socket, no clock."""

from __future__ import annotations

import random
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.network.toxics import TOXICS, Cut, Moment, Send, Toxic
from chaoskit.network.toxics.bandwidth import Bandwidth
from chaoskit.network.toxics.latency import Latency
from chaoskit.network.toxics.limit_data import LimitData
from chaoskit.network.toxics.reset_peer import ResetPeer
from chaoskit.network.toxics.slicer import Slicer
from chaoskit.network.toxics.slow_close import SlowClose
from chaoskit.network.toxics.timeout import Timeout
from chaoskit.registry import kind_of
from chaoskit.units import MILLISECOND, SECOND

RNG = random.Random(0)
milliseconds = st.integers(0, 10**7).map(lambda ms: ms * MILLISECOND)


@st.composite
def toxics(draw: st.DrawFn) -> Toxic:
    """Any toxic there is, with any parameters that it can have."""
    kind = TOXICS.get(draw(st.sampled_from(TOXICS.kinds)))
    values = {name: draw(st.integers(0, 10**7)) * unit for name, unit in kind.UNITS.items()}
    if kind is Slicer:  # what its variation may be depends on the average
        values["average_size"] += 1
        values["size_variation"] %= values["average_size"] + 1
    toxic: Toxic = kind(**values)
    return toxic


def test_the_kinds_are_the_files() -> None:
    folder = Path(__file__).parents[2] / "chaoskit" / "network" / "toxics"
    assert (
        set(TOXICS.kinds)
        == {path.stem for path in folder.glob("[!_]*.py")}
        == {
            "latency",
            "down",
            "bandwidth",
            "slow_close",
            "timeout",
            "reset_peer",
            "slicer",
            "limit_data",
            "noop",
            "recycle",
            "full_backlog",
        }
    )


@given(toxics())
def test_attributes_and_back(toxic: Toxic) -> None:
    assert type(toxic).of_attributes(toxic.attributes()) == toxic
    assert TOXICS.get(kind_of(toxic)) is type(toxic)


@pytest.mark.parametrize("kind", TOXICS.kinds)
def test_every_parameter_has_a_unit(kind: str) -> None:
    toxic = TOXICS.get(kind)
    assert {f.name for f in fields(toxic)} == set(toxic.UNITS)


def test_toxiproxy_counts_in_milliseconds() -> None:
    assert Latency(1500 * MILLISECOND, 20 * MILLISECOND).attributes() == {"latency": 1500, "jitter": 20}
    with pytest.raises(ValueError, match="whole number of milliseconds"):
        Latency(1_500_000)
    with pytest.raises(ValueError, match="negative"):
        Timeout(-MILLISECOND)


@pytest.mark.parametrize(
    "wrong", [{"latency": "5"}, {"latency": -1}, {"latency": True}, {"latency": 1.5}, {"delay": 1}]
)
def test_attributes_from_outside_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="latency"):
        Latency.of_attributes(wrong)


@given(milliseconds, milliseconds, st.lists(st.integers(0, SECOND), min_size=1), st.integers())
def test_latency_delays_each_chunk_and_keeps_the_order(latency: int, jitter: int, gaps: list[int], seed: int) -> None:
    toxic, rng = Latency(latency, jitter), random.Random(seed)
    at = free = 0
    for gap in gaps:
        at += gap
        (send,) = toxic.chunk(b"x", Moment(at, free, 1), rng)
        assert send.due >= max(at, free, at + latency - jitter)
        assert send.due <= max(at, free, at + latency + jitter)
        free = send.due


def test_latency_without_jitter_is_exact_and_does_not_pile_up() -> None:
    toxic = Latency(100 * MILLISECOND)
    first = toxic.chunk(b"a", Moment(0, 0, 0), RNG)[0].due
    second = toxic.chunk(b"b", Moment(10, first, 1), RNG)[0].due
    assert (first, second) == (100 * MILLISECOND, 100 * MILLISECOND + 10)


def test_latency_passes_the_end_on_behind_the_data() -> None:
    toxic = Latency(SECOND)
    assert toxic.ended(Moment(at=5, free=SECOND, passed=1)) == SECOND
    assert toxic.ended(Moment(at=5, free=0, passed=0)) == 5


def test_timeout_drops_and_starts_its_time_anew() -> None:
    toxic = Timeout(SECOND)
    assert toxic.opened(7) == Cut(7 + SECOND)
    assert toxic.chunk(b"x", Moment(50, 0, 0), RNG) == (Cut(50 + SECOND),)
    assert toxic.lifted(9) == Cut(9)


def test_timeout_of_zero_holds_for_ever() -> None:
    toxic = Timeout(0)
    assert toxic.opened(7) is None
    assert toxic.chunk(b"x", Moment(50, 0, 0), RNG) == ()


def test_reset_peer_waits_for_the_first_bytes() -> None:
    toxic = ResetPeer(30 * MILLISECOND)
    assert toxic.opened(0) is None
    reset = Cut(5 + 30 * MILLISECOND, reset=True)
    assert toxic.chunk(b"x", Moment(5, 0, 0), RNG) == (reset,)
    assert toxic.chunk(b"x", Moment(9, 0, 1), RNG) == ()
    assert toxic.ended(Moment(5, 0, 0)) == reset
    assert toxic.ended(Moment(9, 0, 1)) is None


sizes = st.lists(st.integers(1, 5000), min_size=1, max_size=8)


@given(st.integers(1, 10**4), sizes, st.integers(0, SECOND))
def test_bandwidth_never_exceeds_its_rate_nor_idles_below_it(rate: int, lengths: list[int], at: int) -> None:
    """Over any time since the first byte, no more than ``rate`` bytes a millisecond; and the last byte is not a nanosecond later."""
    toxic = Bandwidth(rate)
    sent: list[Send] = []
    for length in lengths:  # all come at once: the stream is always busy
        sent += toxic.chunk(bytes(length), Moment(at, sent[-1].due if sent else 0, 0), RNG)
    gone = 0
    for send in sent:
        gone += len(send.data)
        assert 0 < len(send.data) <= rate * 100
        assert -len(sent) < send.due - (at + gone * MILLISECOND / rate) < 1
    assert gone == sum(lengths)


def test_bandwidth_does_not_save_up_for_later() -> None:
    (first,) = Bandwidth(1).chunk(b"ab", Moment(0, 0, 0), RNG)
    (second,) = Bandwidth(1).chunk(b"c", Moment(SECOND, first.due, 2), RNG)
    assert (first.due, second.due) == (2 * MILLISECOND, SECOND + MILLISECOND)


def test_bandwidth_of_zero_holds_everything() -> None:
    (send,) = Bandwidth(0).chunk(b"abc", Moment(0, 0, 0), RNG)
    assert send.data == b"abc"
    assert send.due > 365 * 24 * 3600 * SECOND


@given(milliseconds, st.integers(0, SECOND), st.integers(0, SECOND))
def test_slow_close_delays_the_end_and_nothing_else(delay: int, at: int, free: int) -> None:
    toxic = SlowClose(delay)
    assert toxic.chunk(b"x", Moment(at, 0, 0), RNG) == (Send(b"x", at),)
    assert toxic.ended(Moment(at, free, 1)) == max(at, free) + delay


@given(st.data(), st.binary(min_size=1, max_size=3000), st.integers(1, 200), st.integers(0, 1000), st.integers())
def test_slicer_keeps_every_byte_in_pieces_of_the_size_asked(
    data: st.DataObject, sent: bytes, average: int, delay_us: int, seed: int
) -> None:
    variation = data.draw(st.integers(0, average))
    toxic = Slicer(average, variation, delay_us * 1000)
    sends = toxic.chunk(sent, Moment(5, 0, 0), random.Random(seed))
    assert b"".join(send.data for send in sends) == sent
    assert all(1 <= len(send.data) <= average + variation for send in sends)
    assert [send.due for send in sends] == [sends[0].due + n * delay_us * 1000 for n in range(len(sends))]
    following = toxic.chunk(b"x", Moment(5, sends[-1].due, len(sent)), random.Random(seed))
    assert following[0].due >= sends[-1].due + delay_us * 1000


@pytest.mark.parametrize(("average", "variation"), [(0, 0), (10, 11), (10, 12)])
def test_slicer_refuses_what_kills_toxiproxy(average: int, variation: int) -> None:
    with pytest.raises(ValueError, match=r"average_size|size_variation"):
        Slicer(average, variation)


@given(st.integers(0, 10_000), sizes)
def test_limit_data_passes_exactly_its_bytes_and_then_cuts(limit: int, lengths: list[int]) -> None:
    toxic, passed, got, cut = LimitData(limit), 0, 0, False
    for length in lengths:
        effects = toxic.chunk(bytes(length), Moment(7, 0, passed), RNG)
        got += sum(len(effect.data) for effect in effects if isinstance(effect, Send))
        passed += length
        cut = effects[-1:] == (Cut(7),)
        assert cut == (passed >= limit)
    assert got == min(limit, sum(lengths))


@given(toxics(), st.binary(min_size=1), st.integers(0, SECOND), st.integers(0, SECOND))
def test_nothing_leaves_before_it_came(toxic: Toxic, data: bytes, at: int, free: int) -> None:
    for effect in toxic.chunk(data, Moment(at, free, 0), random.Random(1)):
        assert effect.due >= at
        if isinstance(effect, Send):
            assert effect.data in data
