"""The files of a survey: JSON, Markdown and page say the same, and each row is a valid experiment."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from chaoskit.experiment.document import Document
from chaoskit.experiment.loader import resolve
from chaoskit.survey.causes import cause_of
from chaoskit.survey.experiments import experiment_file, experiment_of
from chaoskit.survey.markdown import markdown
from chaoskit.survey.observation import Observation
from chaoskit.survey.page import page
from chaoskit.survey.result import Row, Survey
from chaoskit.survey.terminal import print_survey
from chaoskit.survey.trial import Trial, written
from chaoskit.survey.words import cells, headline
from chaoskit.units import SECOND
from tests.survey.observations import PROXIED, clients, command, trial

S = SECOND
SERVICES = {"db": {"host": "db.example.internal", "port": 5432, "backend": "echo"}}
RESULTS = {
    "hangs": (trial("black-hole"), command("not back", 25, None, dialling=((0, 24 * S),))),
    "fails": (trial("empty"), command("failed", 0.2, lookups=(0,))),
    "waits": (trial("slow-service"), command("waited", 9.4, 0, connections=((0, 9 * S),))),
    "probes fail": (trial("refused", start_s=3), clients("failed", failed=60, lookups=(4 * S,))),
    "met nothing": (trial("servfail"), command("not exercised", 1, 0)),
}


def row(tried: Trial, observation: Observation) -> Row:
    played = {
        "title": tried.title,
        "services": SERVICES,
        "timeline": tried.timeline(),
        "duration": "30000ms",
        "limits": {"longest_fault": written(30 * S)},
    }
    if observation.clients:
        played["clients"] = {"probe": {"use": "tcp", "address": "db.example.internal:5432", "send": "x"}}
    return Row(tried, observation, cause_of(tried, observation), "001-x", played)


ROWS = {name: row(*result) for name, result in RESULTS.items()}
SURVEY = Survey(
    subject="./job <b>", usual_ns=S, dependencies=(PROXIED,), unserved=("other.test",), rows=tuple(ROWS.values())
)


def test_the_worst_come_first() -> None:
    statuses = [trial["status"] for trial in json.loads(SURVEY.text())["trials"]]
    assert statuses == ["not back", "failed", "failed", "waited", "not exercised"]


def test_the_headline_counts_what_waited() -> None:
    assert headline(SURVEY) == "5 trials: 1 not back, 2 failed, 1 waited"


@pytest.mark.parametrize("name", RESULTS)
def test_every_file_has_every_row(name: str) -> None:
    title = ROWS[name].trial.fault_title
    assert f"| {title} |" in markdown(SURVEY)
    assert f"<td>{title}</td>" in page(SURVEY)


def test_the_page_is_whole_and_nothing_in_it_steers_a_browser() -> None:
    text = page(SURVEY)
    assert "./job &lt;b&gt;" in text
    assert "src=" not in text
    assert "href=" not in text


@pytest.mark.parametrize("name", RESULTS)
def test_a_row_that_tells_something_is_an_experiment(name: str) -> None:
    argv = None if ROWS[name].observation.clients else ("./job", "-v")
    plain = experiment_of(ROWS[name], Path("/elsewhere"), argv)
    if ROWS[name].observation.status == "not exercised":
        assert plain is None
        return
    assert plain is not None
    experiment = resolve(Document("row.yaml", yaml.safe_load(experiment_file(plain)), {}), 1.0)
    assert experiment.expectations
    for client in experiment.spec.clients.values():
        assert client.argv in (None, ("/elsewhere/job", "-v"))


@pytest.mark.parametrize("width", [80, 100, 140])
def test_no_name_and_no_figure_is_broken_in_the_terminal(width: int) -> None:
    dependency = replace(PROXIED, name="inventory-db.eu-west-1.example.internal")
    long = tuple(row(replace(tried, dependency=dependency), seen) for tried, seen in RESULTS.values())
    console = Console(width=width, record=True, file=io.StringIO())
    print_survey(console, replace(SURVEY, rows=long))
    text = console.export_text()
    assert dependency.name in text[: text.index(long[0].trial.fault_title)]
    for entry in long:
        assert entry.trial.fault_title in text
        assert all(word in text for word in cells(entry)[2].split())
        assert entry.cause is None or entry.cause.key in text
    assert max(map(len, text.splitlines())) <= width
