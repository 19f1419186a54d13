"""Settings for all tests."""

from __future__ import annotations

import os

import pytest
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


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Three workers on two cores: many tests wait for a process or a socket for a while."""
    return (os.cpu_count() or 1) * 3 // 2
