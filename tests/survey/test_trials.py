"""The trials of a survey: which there are, and that each is an experiment that can be run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaoskit.experiment.loader import resolve_plain
from chaoskit.survey.trial import BY_KEY, FAULTS, Trial, trials_of
from chaoskit.units import SECOND
from tests.survey.observations import PLAIN, PROXIED

DYNAMODB = replace(PROXIED, name="dynamodb.us-east-1.amazonaws.com", addresses=("127.0.1.1", "::1"), service="dynamodb")


def test_faults_of_the_proxy_need_one() -> None:
    trials = trials_of([PLAIN], FAULTS, start_ns=0, length_ns=SECOND)
    assert {trial.fault.key for trial in trials} == {fault.key for fault in FAULTS if not fault.proxied}


def test_each_dependency_has_its_turn() -> None:
    trials = trials_of([PROXIED, PLAIN], FAULTS, start_ns=0, length_ns=SECOND)
    assert [trial.dependency for trial in trials[:2]] == [PROXIED, PLAIN]
    assert len({trial.stem for trial in trials}) == len(FAULTS)


def test_in_a_short_trial_a_slow_service_is_less_slow() -> None:
    short, usual = (Trial(PROXIED, BY_KEY["slow-service"], 0, seconds * SECOND) for seconds in (6, 15))
    assert (short.slow_ns, usual.slow_ns) == (4 * SECOND, 8 * SECOND)
    assert usual.title == "db.example.internal: answers 8 s late"


@pytest.mark.parametrize(
    "trial", trials_of([DYNAMODB], FAULTS, start_ns=0, length_ns=15 * SECOND), ids=lambda trial: trial.fault.key
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
