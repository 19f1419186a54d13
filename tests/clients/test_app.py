"""The application with a health endpoint: what turns it, in Python and in JavaScript."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chaoskit.clients.app import App
from chaoskit.clients.app.__main__ import counts
from chaoskit.clients.app.health import Endpoint
from chaoskit.clients.javascript import Javascript
from chaoskit.clients.start import argv_of, needed
from chaoskit.errors import PlaneError
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import resolve
from chaoskit.journal.events import HealthChecked
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal


def test_the_trap_an_unreachable_endpoint_is_no_client_error() -> None:
    """boto3's own classes, as an ``except`` clause sees them."""
    from botocore.exceptions import ClientError, EndpointConnectionError

    unreachable = EndpointConnectionError(endpoint_url="https://x/")
    told = ClientError({"Error": {"Code": "InternalServerError", "Message": "no"}}, "GetItem")
    assert not counts(unreachable, ["ClientError"])
    assert counts(told, ["ClientError"])
    for error in (unreachable, told):
        assert counts(error, ["ClientError", "BotoCoreError"])
        assert isinstance(error, Exception)
        assert counts(error, ["Exception"])


def test_the_endpoint_says_what_the_application_thinks() -> None:
    endpoint = Endpoint()
    try:
        for healthy, status in ((True, 200), (False, 503), (True, 200)):
            endpoint.healthy = healthy
            connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=10)
            connection.request("GET", "/health")
            assert connection.getresponse().status == status
            connection.close()
    finally:
        endpoint.close()


def test_plans() -> None:
    assert App.from_json({"client": "a"}).counts == ("ClientError",)
    assert App.from_json({"client": "a", "language": "javascript"}).counts == ("ServiceException",)
    assert App.from_json({"client": "a", "health_counts": ["X"]}).counts == ("X",)
    for wrong, said in (
        ({"language": "cobol"}, "has no language 'cobol'"),
        ({"language": "javascript", "retry_mode": "legacy"}, "has no retry_mode 'legacy' in JavaScript"),
        ({"connection": "burst"}, "has no connection 'burst'"),
        ({"version": "1.43"}, "has no setting version"),
    ):
        with pytest.raises(PlaneError, match=said):
            App.from_json({"client": "a", **wrong})


def test_it_starts_in_its_language() -> None:
    assert argv_of("app", {"client": "a"}) == [sys.executable, "-m", "chaoskit.clients.app"]
    assert needed("app", {"client": "a"}) is None
    wanted = needed("app", {"client": "a", "language": "javascript"})
    assert wanted is not None
    assert wanted.place() == Javascript.recipes()[0].place(), "one build serves both"


def test_an_experiment_may_say_what_counts() -> None:
    text = "title: t\nclients: {a: {use: app, language: javascript, health_counts: [Error]}}\n"
    assert resolve(read_document("x", text), 1.0).spec.clients["a"].health_counts == ("Error",)


EXPERIMENT = """\
title: two applications, one that sees and one that does not
duration: 7s
clients:
  blind: {use: app, connection: cold, every: 300ms, health_counts: [BLIND], language: LANGUAGE}
  seeing: {use: app, connection: cold, every: 300ms, health_counts: [SEEING], language: LANGUAGE}
timeline:
  - {id: blank, dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 2s, for: 3s}}
expect:
  - success_rate: {phase: baseline, at_least: 0.5} # a call that is slow on a busy machine can run into the blank
  - surfaces_error: {type: SURFACED}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "blind", "seeing", "surfaced"),
    [
        ("python", "ClientError", "BotoCoreError", "EndpointConnectionError"),
        ("javascript", "ServiceException", "Error", "Error"),
    ],
)
def test_a_health_check_waiting_for_a_service_error_never_flips(
    tmp_path: Path, language: str, blind: str, seeing: str, surfaced: str
) -> None:
    if language == "javascript" and (shutil.which("node") is None or Javascript.recipes()[0].built() is None):
        pytest.skip("the client javascript is not built: chaoskit clients build javascript")
    text = EXPERIMENT
    for word, value in (("BLIND", blind), ("SEEING", seeing), ("LANGUAGE", language), ("SURFACED", surfaced)):
        text = text.replace(word, value)
    (tmp_path / "x.yaml").write_text(text)
    result = subprocess.run(
        [sys.executable, "-m", "chaoskit", "run", "x.yaml", "--out", "out", "--plain"],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (folder,) = (tmp_path / "out").iterdir()
    run = Run(read_journal(folder / "journal.jsonl"))
    said = {name: [check for _, check in run.of(HealthChecked) if check.client == name] for name in run.clients}
    assert {check.status for check in said["blind"]} == {200}
    assert {check.status for check in said["seeing"]} == {200, 503}
    assert said["seeing"][-1].status == 200, "and well again"
    (start, _), *_ = run.fault_spans
    assert all(start <= check.at for check in said["seeing"] if check.status == 503)
    assert json.loads((folder / "summary.json").read_text())["clients"]["seeing"]["settings"]["language"] == language
