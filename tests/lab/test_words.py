"""Figures in words."""

from __future__ import annotations

from dataclasses import replace

from chaoskit.lab import words
from chaoskit.lab.rows import Row
from chaoskit.sim.documented import STANDARD
from chaoskit.units import MILLISECOND
from tests.lab.samples import sample, subject


def test_the_middle_of_two_sleeps_is_between_them() -> None:
    one = sample(subject(), policy=STANDARD)
    calls = tuple(
        replace(one.calls[0], attempts=2, sleeps_ns=(slept * MILLISECOND,), tries_ns=(1, 1)) for slept in (100, 300)
    )

    assert words.sleeps(Row(one.subject, (replace(one, calls=calls),))) == "200 ms"
