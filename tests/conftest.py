"""Settings for all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.effort import examples

# How long one example takes says more about the machine's other work than about the code.
settings.register_profile(
    "chaoskit",
    max_examples=examples(150),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("chaoskit")
