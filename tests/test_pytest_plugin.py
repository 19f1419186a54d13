"""The pytest plug-in, in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def play(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_theirs.py").write_text(text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "chaoskit.pytest_plugin",
        "-p",
        "no:cacheprovider",
        "--strict-markers",
        *options,
    ]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=100)


BOTH = """
import socket, pytest

@pytest.mark.chaos("empty", "dynamodb.*")
def test_marked():
    with pytest.raises(socket.gaierror) as caught:
        socket.getaddrinfo("dynamodb.us-east-1.amazonaws.com", 443)
    assert caught.value.errno == -5

def test_block(dns_chaos):
    with dns_chaos("nxdomain", "db.example") as fault:
        with pytest.raises(socket.gaierror) as caught:
            socket.getaddrinfo("db.example", 5432)
    assert (caught.value.errno, fault.met) == (-2, 1)
"""


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-p", "xdist.plugin", "-n", "1"),
        ("-p", "pytest_socket", "--allow-hosts=127.0.0.1"),
        ("-p", "pytest_socket", "--disable-socket"),
    ],
    ids=["alone", "xdist", "allowed hosts", "no sockets"],
)
def test_faults_are_met(tmp_path: Path, options: tuple[str, ...]) -> None:
    result = play(tmp_path, BOTH, *options)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 passed" in result.stdout


def test_pytest_socket_switched_on_inside_the_block(tmp_path: Path) -> None:
    result = play(
        tmp_path,
        """
import pytest_socket, socket, pytest

def test_theirs(dns_chaos):
    before = socket.getaddrinfo
    with dns_chaos("empty", "a.example", optional=True) as fault:
        pytest_socket.disable_socket()
        with pytest.raises(pytest_socket.SocketBlockedError):
            socket.getaddrinfo("a.example", 80)
    assert fault.met == 0
    pytest_socket.enable_socket()
    assert socket.getaddrinfo is before
""",
        "-p",
        "pytest_socket",
    )
    assert "1 passed" in result.stdout, result.stdout


def test_a_fault_that_meets_nothing_fails_the_test(tmp_path: Path) -> None:
    result = play(
        tmp_path,
        """
import pytest

@pytest.mark.chaos("empty", "a.example")
def test_marked():
    pass

@pytest.mark.chaos("empty", "a.example", optional=True)
def test_optional():
    pass

def test_block(dns_chaos):
    with dns_chaos("empty", "b.example"):
        pass
""",
    )
    assert "1 passed" in result.stdout
    assert "2 failed" in result.stdout
    assert "empty for a.example met no lookup, so it tested nothing" in result.stdout


def test_a_failure_shows_the_lookups(tmp_path: Path) -> None:
    result = play(
        tmp_path,
        """
import socket, pytest

@pytest.mark.chaos("empty", "a.example")
def test_theirs():
    socket.getaddrinfo("localhost", 80)
    socket.getaddrinfo("a.example", 80)
""",
    )
    assert result.returncode == 1
    assert "chaoskit: lookups" in result.stdout
    assert "empty for a.example: met 1 of 2 lookups\n  localhost: passed on\n  a.example: empty" in result.stdout


def test_a_run_that_fails_says_the_verdicts_words(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        """
import chaoskit, pathlib
from tests.report.journals import Journals
from chaoskit.engine import blocking
from chaoskit.verdict import Outcome, Verdict

def run(experiment, *, out, **named):
    from tests.journal.story import Story
    verdict = Verdict(expectation="success rate", finding="broken", because="app got 3 of 9 calls through", kind="success_rate")
    return chaoskit.RunResult(run=Story().head("app").run(), verdicts=[verdict], outcome=Outcome.FAILED, folder=pathlib.Path(out), files=[])

blocking.run = run
"""
    )
    environment_root = str(Path(__file__).resolve().parent.parent)
    result = play(
        tmp_path,
        "import sys\ndef test_theirs(chaos_run):\n    chaos_run('x.yaml')\n",
        "-o",
        f"pythonpath={environment_root}",
    )
    assert result.returncode == 1, result.stdout + result.stderr
    assert "broken: success rate: app got 3 of 9 calls through" in result.stdout


SANDBOX = """
import socket
import boto3, pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

NAME = "dynamodb.us-east-1.amazonaws.com"

def client():
    return boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))

def test_a_blank(aws_sandbox):
    client().list_tables()
    aws_sandbox.blank(NAME)
    with pytest.raises(EndpointConnectionError):
        client().list_tables()
    aws_sandbox.restore(NAME)
    client().list_tables()
    assert aws_sandbox.lookups_of(NAME) >= 3

def test_faults_end_with_their_test(aws_sandbox):
    aws_sandbox.blank(NAME, fault="nxdomain")
    with pytest.raises(socket.gaierror) as caught:
        socket.getaddrinfo(NAME, 443)
    assert caught.value.errno == socket.EAI_NONAME

def test_others_are_honest(aws_sandbox):
    client().list_tables()
    assert socket.getaddrinfo("localhost", 80)
"""


@pytest.mark.slow
def test_boto3_in_this_process_meets_mock_aws_and_its_faults(tmp_path: Path) -> None:
    result = play(tmp_path, SANDBOX)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 passed" in result.stdout
