"""Bad input of every command: code 2 and a cure before anything starts, and never a wait for what does not come."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.cli.serving import Say

PIPE = "is a named pipe, which may never be written to; name"
EXPERIMENT = """title: t
clients: {app: {use: boto3}}
timeline: [{dns: empty, where: dynamodb.us-east-1.amazonaws.com, when: {from: 1s, for: 1s}}]
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a pipe, an experiment and a zone, which is the current one."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "x.yaml").write_text(EXPERIMENT)
    (tmp_path / "z.zone").write_text("$ORIGIN z.\n@ 5 IN SOA ns a 1 1 1 1 1\n@ 5 IN NS ns\nns 5 IN A 127.0.0.1\n")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "pipe"), PIPE),
        (("run", "x.yaml", "--baseline", "pipe"), PIPE),
        (("run", "x.yaml", "--markdown", "pipe"), "pipe is a named pipe, which may never be read from"),
        (("run", "x.yaml", "--console-at", "8053"), "--console-at 8053: write an IP address and a port"),
        (("run", "x.yaml", "--webhook", "127.0.0.1:1/hook"), "--webhook 127.0.0.1:1/hook: write http://HOST:PORT/PATH"),
        (("run", "x.yaml", "--webhook", "http://grafana/"), "if you mean it, add --webhook-remote"),
        (("go", "--runs", "folder"), "no run in folder is held now"),
        (("check", "pipe"), PIPE),
        (("report", "pipe"), PIPE),
        (("queries", "pipe"), PIPE),
        (("lab", "--from", "pipe"), PIPE),
        (("margin", "x.yaml", "--baseline", "pipe"), PIPE),
        (("halt", "--token-file", "pipe"), PIPE),
        (("serve", "--zone", "z.zone", "--token-file", "pipe"), PIPE),
        (("serve", "--zone", "z.zone", "--allow-update", "z", "--tsig-key", "pipe"), PIPE),
        (("attach", "--project", "p", "--experiment", "pipe"), PIPE),
        (("race", "explore", "--json", "pipe"), "pipe is a named pipe, which may never be read from"),
        (("race", "explore", "--jobs", "0", "--all-sets"), "--jobs 0: give 1 or more"),
        (("race", "explore", "--jobs", "2"), "and --all-sets with it"),
        (("attach", "--project", "p", "--subnet", "wide"), "--subnet wide: Expected 4 octets"),
        (("attach", "--project", "p", "--probe", "app"), "--probe app: write SERVICE=http://SERVICE:PORT/PATH"),
        (("attach", "--project", "p", "--blank", "x@zz"), "--blank x@zz: 'zz' is not a duration"),
        (("serve", "--zone", "z.zone", "--longest", "99999999h"), "--longest '99999999h' is longer than 240h"),
        (("exec", "--blank", "x.test@99999999h", "--", "true"), "is longer than 240h"),
        (("cascade", "map", "small-queue", "--page", "folder"), "--page folder: cannot be written there"),
        (("cascade", "map", "small-queue", "--outage", "0s"), "--outage 0s: write a length above 0"),
        (
            ("cascade", "map", "small-queue", "--load", "5000", "--real"),
            "--real: this cell may come to 10000 tries a second",
        ),
        (("cascade", "day", "--page", "x.yaml/y.html"), "--page x.yaml/y.html: cannot be written there"),
    ],
    ids=lambda part: " ".join(part[:3]) if isinstance(part, tuple) else "",
)
@pytest.mark.usefixtures("place")
def test_what_cannot_work_is_told_before_anything_starts(say: Say, words: tuple[str, ...], message: str) -> None:
    code, out, err = say(*words)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    "words",
    [("serve", "--zone", "z.zone", "--listen"), ("serve", "--zone", "z.zone", "--control"), ("proxy", "--listen")],
)
def test_a_taken_port_is_bad_input_to_every_server(say: Say, words: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        others = ["--listen", "127.0.0.1:0"] if words[-1] == "--control" else []
        code, out, err = say(*words, f"127.0.0.1:{taken.getsockname()[1]}", *others)
    assert (code, out) == (2, "")
    assert f"{words[-1]}" in err
    assert "ddress already in use" in err


def test_a_number_beyond_64_bits_is_no_toxic_s(say: Say, place: Path) -> None:
    toxic = "{network: {bandwidth: {rate: 9223372036854775808}}, where: dynamodb, when: {from: 1s, for: 1s}}"
    (place / "huge.yaml").write_text(f"title: t\nclients: {{app: {{use: boto3}}}}\ntimeline: [{toxic}]\n")
    code, _, err = say("run", "huge.yaml")
    assert code == 2
    assert "huge.yaml:3: timeline[0].network.bandwidth" in err
    assert "rate is more than 9223372036854775807" in err
