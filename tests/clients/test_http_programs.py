"""The HTTP probes that are somebody else's program: httpx, curl; each against a server of its own."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest

from chaoskit.clients.curl import OURS, Curl
from chaoskit.engine import preflight
from chaoskit.errors import ExperimentError, SettingRefused
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import Experiment, resolve
from chaoskit.journal.events import AttemptFinished, AttemptStarted, ClientReady
from chaoskit.units import MILLISECOND
from tests.clients.children import ClientProcess
from tests.clients.test_probes import Web, error_of, play, results, web

__all__ = ["web"]

HTTPX = pytest.param("httpx", marks=pytest.mark.skipif(importlib.util.find_spec("httpx") is None, reason="no httpx"))
CURL = pytest.param("curl", marks=pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here"))


def experiment(client: str) -> Experiment:
    services = "services: {api: {host: api.example.internal, port: 80, backend: static}}"
    text = f"title: t\nduration: 1s\n{services}\nclients:\n  app: {{url: http://api.example.internal/, {client}}}\n"
    return resolve(read_document("x.yaml", text), 1.0)


@pytest.mark.parametrize("use", [HTTPX, CURL])
def test_it_says_its_call_and_judges_the_answer(web: Web, use: str) -> None:
    asked: dict[str, Any] = {"connection": "cold", "method": "POST", "body": "hello", "holds": "ell"}
    events = play(use, url=f"{web.url}/302", **asked)
    assert results(events) == {"ok"}, "a redirect is an answer, and is not followed"
    assert web.calls[:3] == [event.invocation for event in events if isinstance(event, AttemptStarted)][:3]
    assert {event.status for event in events if isinstance(event, AttemptFinished)} == {302}
    assert len(web.connections) >= 3
    error = ("UnexpectedAnswerError", "status 503, where 200 to 399 is expected")
    assert error_of(play(use, 1, url=f"{web.url}/503", connection="cold")) == error
    slow = play(use, 1, url=f"{web.url}/never", connection="cold", timeout_ns=300 * MILLISECOND)
    assert error_of(slow) == ("TimeoutError", f"not done within 300 ms; it was waiting for {use}")


@pytest.mark.parametrize("use", [HTTPX])
def test_httpx_keeps_connections(web: Web, use: str) -> None:
    assert results(play(use, url=f"{web.url}/200")) == {"ok"}
    assert len(web.connections) == 1


@pytest.mark.parametrize("use", [CURL])
def test_curl_takes_options_and_tells_its_own_words(web: Web, use: str) -> None:
    options = ["--user-agent", "ours", "--header", "X-Own: 1"]
    assert results(play(use, 1, url=f"{web.url}/200", connection="cold", options=options)) == {"ok"}
    kind, text = error_of(play(use, 1, url="http://127.0.0.1:9/", connection="cold"))
    assert kind == "CurlError"
    assert text.startswith("(7) Failed to connect to 127.0.0.1 port 9")
    plan = {"client": "probe", "url": f"{web.url}/200", "connection": "cold"}
    with ClientProcess(use, plan) as client:
        ready = client.next()
        assert isinstance(ready, ClientReady)
        assert ready.versions["curl"][0].isdigit()
    with ClientProcess(use, {**plan, "program": "/bin/true"}) as client:
        assert client.exit_code() == 4


@pytest.mark.parametrize("option", OURS)
def test_curl_is_not_given_what_the_probe_needs(option: str) -> None:
    with pytest.raises(SettingRefused, match="the probe uses it itself"):
        Curl(client="app", url="http://h/", connection="cold", options=(option,))


def test_curl_has_cold_connections_only_and_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"x\.yaml:5: .*curl has no connection 'warm'.*Use cold"):
        experiment("use: curl")
    with pytest.raises(ExperimentError, match="'use: http' has no such setting"):
        experiment("use: http, options: [--ipv4]")
    plan = experiment("use: curl, connection: cold")
    with pytest.raises(ExperimentError, match="the inline sandbox hooks"):
        preflight.check(plan, "inline")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExperimentError, match=r"x\.yaml:5: .*no program 'curl'.*apt-get install curl"):
        preflight.check(plan, "namespace")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ExperimentError, match=r"needs the package httpx.*pip install 'chaoskit\[httpx\]'"):
        preflight.check(experiment("use: httpx"), "namespace")
