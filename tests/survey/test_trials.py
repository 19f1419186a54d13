"""The trials of a survey: which there are, and that each is an experiment that can be run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaoskit.experiment.loader import resolve_plain
from chaoskit.survey.trial import FAULTS, Trial, trials_of
from chaoskit.units import SECOND
from tests.survey.observations import PLAIN, PROXIED

DYNAMODB = replace(PROXIED, name="dynamodb.us-east-1.amazonaws.com", addresses=("127.0.1.1", "::1"), service="dynamodb")


def test_faults_of_the_proxy_need_one() -> None:
    trials = trials_of([PLAIN], quick=False, start_ns=0, length_ns=SECOND)
    assert {trial.fault.key for trial in trials} == {fault.key for fault in FAULTS if not fault.proxied}


def test_quick_tries_fewer_and_each_dependency_in_turn() -> None:
    trials = trials_of([PROXIED, PLAIN], quick=True, start_ns=0, length_ns=SECOND)
    assert [trial.dependency for trial in trials[:2]] == [PROXIED, PLAIN]
    assert all(trial.fault.quick for trial in trials)
    assert len(trials) < len(trials_of([PROXIED, PLAIN], quick=False, start_ns=0, length_ns=SECOND))


@pytest.mark.parametrize(
    "trial", trials_of([DYNAMODB], quick=False, start_ns=0, length_ns=15 * SECOND), ids=lambda trial: trial.fault.key
)
def test_each_trial_is_an_experiment(trial: Trial) -> None:
    plain = {
        "title": trial.title,
        "duration": "30s",
        "services": {"dynamodb": {}},
        "clients": {"app": {"use": "noop"}},
        "timeline": trial.timeline(),
    }
    experiment = resolve_plain(plain, "survey")
    first = experiment.injections[0]
    assert first.id == trial.fault.key
    assert not first.optional
    assert first.when.spans(experiment.duration_ns) == ((0, 15 * SECOND),)
