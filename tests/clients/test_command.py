"""``use: command``: the user's own command as a client, a process for every call."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from chaoskit.clients.command import Command
from chaoskit.errors import ExperimentError, PlaneError, SandboxError
from chaoskit.experiment import plans
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import resolve
from chaoskit.journal.events import CallFinished, CallStarted, ClientReady
from chaoskit.sandbox.inline import InlineSandbox
from chaoskit.units import MILLISECOND
from tests.clients.children import ClientProcess

FILE = "title: t\nclients: {app: {use: command, argv: [curl, -f, 'https://x/'], every: 1s}}\nduration: 5s\n"


def outcomes(argv: list[str]) -> list[CallFinished]:
    plan = {"client": "app", "argv": argv, "every_ns": 200 * MILLISECOND, "service": "dynamodb"}
    with ClientProcess("command", plan) as client:
        ready = client.next()
        assert isinstance(ready, ClientReady)
        assert ready.settings["every"] == "200 ms"
        origin = time.monotonic_ns()
        client.send({"do": "start", "origin": origin, "ends": origin + 500 * MILLISECOND})
        events = client.rest()
        assert client.exit_code() == 0
    assert {event.operation for event in events if isinstance(event, CallStarted)} == {argv[0]}
    return [event for event in events if isinstance(event, CallFinished)]


def test_exit_code_0_is_success() -> None:
    assert {event.result for event in outcomes(["true"])} == {"ok"}


def test_another_exit_code_is_a_failure_with_what_it_said() -> None:
    found = outcomes(["sh", "-c", "echo noise; echo it broke >&2; exit 3"])
    assert {event.result for event in found} == {"failed"}
    assert {(link.type, link.message) for event in found for link in event.errors} == {("exit code 3", "it broke")}


def test_a_signal_is_a_failure() -> None:
    assert {link.type for event in outcomes(["sh", "-c", "kill -9 $$"]) for link in event.errors} == {"signal SIGKILL"}


def test_a_missing_program_breaks_the_client_not_its_calls() -> None:
    with ClientProcess("command", {"client": "app", "argv": ["no-such-program"]}) as client:
        assert "no program 'no-such-program'" in client.failure()
        assert client.exit_code() == 4


def test_a_plan_without_a_command_is_refused() -> None:
    with pytest.raises(PlaneError, match="needs 'argv"):
        Command.from_json({"client": "app", "argv": None})


def test_a_file_says_it_with_argv() -> None:
    spec = resolve(read_document("x.yaml", FILE), 1.0).spec
    plan = plans.client_plan("app", spec.clients["app"], spec.region)
    assert Command.from_json(plan) == Command(client="app", argv=("curl", "-f", "https://x/"), every_ns=1_000_000_000)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FILE.replace("argv: [curl, -f, 'https://x/'], ", ""), "'use: command' needs 'argv'"),
        (FILE.replace("use: command", "use: boto3"), "'argv' is for 'use: command'"),
        (FILE.replace("[curl, -f, 'https://x/']", "[]"), "argv"),
    ],
)
def test_a_file_that_says_it_wrongly_is_bad_input(text: str, said: str) -> None:
    with pytest.raises(ExperimentError, match=said):
        resolve(read_document("x.yaml", text), 1.0)


def test_the_inline_sandbox_cannot_hold_it(tmp_path: Path) -> None:
    """Its hook is in our Python; a program that this starts would ask the real resolver."""
    sandbox: Any = InlineSandbox(tmp_path, [], [], "")
    with pytest.raises(SandboxError, match="namespace"):
        sandbox.client_command("app", [sys.executable, "-m", "chaoskit.clients.command"])
