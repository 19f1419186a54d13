"""``repeat``: the timeline in phases, each with ids and windows of its own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.errors import ExperimentError
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import TAIL_NS, Experiment, resolve
from chaoskit.units import SECOND

ENTRY = "{id: blank, dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 5s, for: 5s}}"
HEAD = "title: t\nclients: {app: {use: boto3}}\n"


def experiment(repeat: str, timeline: str = ENTRY, more: str = "", scale: float = 1.0) -> Experiment:
    return resolve(read_document("x.yaml", f"{HEAD}repeat: {repeat}\ntimeline: [{timeline}]\n{more}"), scale)


@given(st.integers(2, 5), st.integers(6, 60), st.sampled_from([1.0, 0.5, 2.0]))
def test_each_phase_has_an_id_and_a_window(times: int, every: int, scale: float) -> None:
    limits = "limits: {smallest_time_scale: 0.5}"
    played = experiment(f"{{times: {times}, every: {every}s}}", more=limits, scale=scale)
    begins = [round((5 + phase * every) * SECOND * scale) for phase in range(times)]
    length = round(5 * SECOND * scale)
    assert [entry.id for entry in played.planes["dns"]] == [f"blank-{number}" for number in range(1, times + 1)]
    assert [entry.when.spans(1 << 60) for entry in played.planes["dns"]] == [((at, at + length),) for at in begins]
    assert played.duration_ns == begins[-1] + length + round(TAIL_NS * scale)


def test_an_expectation_names_a_phase() -> None:
    more = "expect: [{recovers_within: {client: app, within: 2s, after: blank-2}}]"
    assert experiment("{times: 2, every: 9s}", more=more).expectations
    with pytest.raises(ExperimentError, match=r"no injection has the id .blank-3.\. Injections: blank-1, blank-2\."):
        experiment("{times: 2, every: 9s}", more=more.replace("blank-2", "blank-3"))


@pytest.mark.parametrize(
    ("repeat", "timeline", "more", "message"),
    [
        ("{times: 2, every: 5s}", ENTRY, "", "x.yaml:3: repeat: phases would overlap: the timeline is on for 5 s"),
        ("{times: 1, every: 9s}", ENTRY, "", "repeat.times: Input should be greater than or equal to 2"),
        ("{times: 2, every: 0s}", ENTRY, "", "repeat.every: 'every' must be longer than 0"),
        ("{times: 2, pause: 9s}", ENTRY, "", "there is no such field. Known: times, every."),
        ("{times: 2, every: 9s}", "", "", "there is no timeline to repeat"),
        ("{times: 9, every: 9s}", ENTRY, "duration: 30s", "starts when the run of 30 s is over"),
        ("{times: 2, every: 9s}", f"{ENTRY}, {ENTRY.replace('blank', 'blank-1')}, {ENTRY}", "", "used 2 times"),
        (
            "{times: 2, every: 9s}",
            ENTRY.replace("{from: 5s, for: 5s}", '{cron: "*/2 * * * *", for: 5s, anchor: "2025-10-20T06:48:30Z"}'),
            "duration: 1h",
            "a cron window repeats by itself",
        ),
    ],
)
def test_what_cannot_be_repeated_is_refused(repeat: str, timeline: str, more: str, message: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        experiment(repeat, timeline, more)
    assert message in str(caught.value)


def test_a_wrong_entry_is_told_once() -> None:
    with pytest.raises(ExperimentError) as caught:
        experiment("{times: 3, every: 9s}", "{network: latency, where: nowhere, when: {from: 1s, for: 1s}}")
    assert len(caught.value.problems) == 1
    with pytest.raises(ExperimentError) as caught:
        experiment("{times: 3, every: 9s}", "{network: down, where: nowhere, when: {from: 1s, for: 1s}}")
    assert len(caught.value.problems) == 1
