"""``when:`` and ``where:`` of an experiment file: what they mean, and what is said to what is wrong."""

from __future__ import annotations

import pytest

from chaoskit.errors import ExperimentError
from chaoskit.experiment.document import read_document
from chaoskit.experiment.json_schema import json_schema
from chaoskit.experiment.loader import Experiment, resolve
from chaoskit.timeline.window import Ramp
from chaoskit.units import SECOND

NAME = "dynamodb.us-east-1.amazonaws.com"


def read(when: str, *, where: str = NAME, more: str = "", plane: str = "dns: empty", scale: float = 1.0) -> Experiment:
    text = f"""\
title: t
clients: {{app: {{use: boto3}}}}
timeline:
  - {{{plane}, where: {where}, when: {when}}}
limits: {{smallest_time_scale: 0.1}}
{more}
"""
    return resolve(read_document("x.yaml", text), scale)


def spans(experiment: Experiment) -> list[tuple[float, float]]:
    (injection,) = experiment.planes["dns"]
    return [(start / SECOND, end / SECOND) for start, end in injection.when.spans(experiment.duration_ns)]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{from: 5s, for: 10s}", [(5, 15)]),
        ("{from: 5s, for: 10s, pulse: {every: 4s, for: 1s}}", [(5, 6), (9, 10), (13, 14)]),
        ("{from: 5s, for: 10s, ramp: {over: 10s}}", [(5, 15)]),
    ],
)
def test_spans_of_time(when: str, expected: list[tuple[float, float]]) -> None:
    experiment = read(when)
    assert spans(experiment) == expected
    assert experiment.duration_ns == 25 * SECOND, "ten seconds past the last fault"
    half = read(when, scale=0.5)
    assert spans(half) == [(start / 2, end / 2) for start, end in expected]


def test_a_ramp_scales() -> None:
    (injection,) = read("{from: 5s, for: 10s, ramp: {over: 10s}}", scale=0.5).planes["dns"]
    assert injection.when == Ramp(5 * SECOND // 2, 5 * SECOND, 5 * SECOND)


def test_flaps_follow_the_seed_and_the_injection() -> None:
    flap = "{from: 0, for: 1m, flap: {on: 1s, off: 2s}}"
    assert spans(read(flap)) == spans(read(flap))
    assert spans(read(flap)) != spans(read(flap, more="seed: 2"))
    assert spans(read(flap)) != spans(read(flap, plane="id: other, dns: empty"))


def test_cron() -> None:
    cron = '{cron: "*/5 * * * *", for: 30s, anchor: "2025-10-20T06:48:00Z"}'
    assert spans(read(cron, more="duration: 10m")) == [(120, 150), (420, 450)]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("{from: 5s, for: 10s, pulse: {every: 4s}}", "timeline[0].when.pulse.for: is missing."),
        ("{from: 5s, for: 10s, pulse: {evry: 4s, for: 1s}}", "when.pulse.evry: there is no such field. Did you mean 'every'?"),
        ("{from: 5s, for: 10s, pulse: {every: 1s, for: 2s}}", "x.yaml:4: timeline[0].when: a pulse must be on"),
        ("{from: 5s, for: 10s, flap: {on: 0s, off: 2s}}", "timeline[0].when: a flap's times"),
        (
            "{from: 5s, for: 10s, ramp: {over: 1s}, flap: {on: 1s, off: 1s}}",
            "timeline[0].when: pulse, flap, ramp and until exclude each other",
        ),
        ('{cron: "* * * *", for: 1s, anchor: "2025-10-20T06:48:00Z"}', "has 4 fields; write minute, hour"),
        ('{cron: "* * * * *", for: 1s}', "timeline[0].when.anchor: is missing."),
        ('{cron: "* * * * *", for: 1s, anchor: yesterday}', "timeline[0].when.anchor: 'yesterday' is no time; write it in UTC"),
        ('{cron: "* * * * *", for: 1s, anchor: "2025-10-20T06:48:00Z"}', "Give the experiment a 'duration'."),
        ("{from: 5s, for: 11m, pulse: {every: 1m, for: 1s}}", "longer than the limit of 10 min"),
        ("{from: 5s, fro: 10s, for: 1s}", "timeline[0].when.fro: there is no such field. Did you mean 'from'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_window(when: str, said: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        read(when)
    assert said in str(caught.value)


def test_a_window_outside_of_the_run() -> None:
    cron = '{cron: "0 0 * * *", for: 30s, anchor: "2025-10-20T06:48:00Z"}'
    for when, said in (
        ("{from: 20s, for: 1s}", "starts when the run of 20 s is over"),
        (cron, "is never on in the run"),
    ):
        with pytest.raises(ExperimentError, match=said):
            read(when, more="duration: 20s")


def test_cron_and_toxics_know_their_limits() -> None:
    cron = '{cron: "*/5 * * * *", for: 30s, anchor: "2025-10-20T06:48:00Z"}'
    with pytest.raises(ExperimentError, match="cannot be scaled"):
        read(cron, more="duration: 10m", scale=0.5)
    with pytest.raises(ExperimentError, match=r"timeline\[0\].when.ramp: a toxic keeps the chance"):
        read("{from: 0, for: 10s, ramp: {over: 1s}}", plane="network: {latency: {latency: 1s}}", where="dynamodb")
    with pytest.raises(ExperimentError, match=r"timeline\[0\].chance: a service that is down is down for every"):
        read("{from: 0, for: 10s}", plane="chance: 0.5, network: down", where="dynamodb")


@pytest.mark.parametrize(
    "where", [f"{{under: {NAME}}}", "{glob: 'dynamodb.*'}", "{regex: 'dynamo[a-z]+\\.us-east-1\\..*'}", "{under: amazonaws.com}"]
)  # fmt: skip
def test_ways_to_say_where(where: str) -> None:
    (injection,) = read("{from: 0, for: 1s}", where=where).planes["dns"]
    assert injection.where.covers(NAME)


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("{types: [A]}", "timeline[0].where: write exactly one of name, under, glob or regex"),
        ("canary.chaoskit.test", "canary.chaoskit.test is the canary, which no fault may touch"),
        ("'*.amazonaws.com'", "'*' stands in 'name'; write it as 'glob': {glob: '*.amazonaws.com'}"),
        ("{under: '*.amazonaws.com'}", "'*' stands in 'under'; write it as 'glob'"),
        ("'dynamodb[ab].us-east-1.amazonaws.com'", "'[' stands in 'name'; write it as 'glob'"),
        ("'https://dynamodb.us-east-1.amazonaws.com/'", "write the host's name alone, without scheme, port and path"),
        ("'dynamodb.us-east-1.amazonaws.com:443'", "write the host's name alone"),
        ("{under: amazonaws.com, except: 's3.*'}", 'timeline[0].where.except: must be a list. Write ["s3.*"].'),
        ("{under: amazonaws.com, excepted: []}", "Did you mean 'except'? Known: name, types,"),
        ("{glob: 'dynamodb.*.org'}", "no name that exists here matches dynamodb.*.org"),
        ("{under: example.org}", "no zone here answers for example.org and below"),
        ("{name: a.test, first: 0}", "'first' counts from 1"),
    ],
)
def test_what_is_wrong_with_a_place(where: str, said: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        read("{from: 0, for: 1s}", where=where)
    assert said in str(caught.value)


def test_nothing_is_stale_in_an_experiment() -> None:
    with pytest.raises(ExperimentError, match=r"timeline\[0\].dns: the zones of an experiment do not change"):
        read("{from: 0, for: 1s}", plane="dns: stale")


def test_the_schema_has_both_kinds_of_window() -> None:
    when = json_schema()["$defs"]["TimelineSpec"]["properties"]["when"]
    assert [one["$ref"].rpartition("/")[2] for one in when["oneOf"]] == ["WhenSpec", "CronSpec"]
