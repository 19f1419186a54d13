"""The escape suite: nothing that a command tries in ``chaoskit exec``, or a client of ``chaoskit run``, reaches an outside that counts.

As root and as an ordinary user.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chaoskit.sandbox.syscall_filter import FilterUnavailable, compile_filter
from chaoskit.verdict import Outcome
from tests.cli.commands import PATIENCE_S
from tests.cli.test_ordinary_user import ROOT, as_nobody, python_for_everybody
from tests.sandbox.escape.attempts import ATTEMPTS

HERE = Path(__file__).with_name("escape")
COUNTED = (
    "tcp over IPv4", "tcp over IPv6", "udp over IPv4", "udp over IPv6", "metadata service", "metadata service by udp",
    "abstract socket", "socket file", "datagram socket file", "socket in /run",
)  # fmt: skip
"""Attempts that the outside counts when nothing holds them back."""
BY_THE_FILTER = ("hypervisor", "hypervisor by a wide number", "io_uring", "key ring", "typing into the terminal")

CLIENT = """\
title: a client that wants out
duration: 1s
clients: {{one: {{use: command, argv: {argv}, every: 1h}}}}
"""

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Outside:
    """An outside that the test made; ``user`` are the words that make an ordinary user of the root that it has."""

    folder: Path
    python: str
    user: tuple[str, ...]

    def attempts(self, *names: str) -> list[str]:
        return [self.python, "-I", "-S", str(self.folder / "attempts.py"), *names]

    def run(self, *command: str) -> tuple[dict[str, str], dict[str, list[str]]]:
        """What the attempts of ``command`` say, and what the outside counted."""
        output, counted = self._run(*command)
        return json.loads(output), counted

    def _run(self, *command: str, code: int = 0) -> tuple[str, dict[str, list[str]]]:
        packages = [path for path in sys.path if path.endswith("site-packages")]
        environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.folder),
            "PYTHONPATH": os.pathsep.join([*packages, str(ROOT)]),
        }
        own_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        outside = ["unshare", *own_root, "--net", "--mount", sys.executable, "-I", "-S", str(HERE / "outside.py")]
        result = subprocess.run(
            [*outside, str(self.folder), *self.user, *command],
            env=environment, cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE_S,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        written: dict[str, Any] = json.loads((self.folder / "counted.json").read_text())
        assert written["exit_code"] == code, result.stderr
        return result.stdout, written["counted"]

    def exec(self, *options: str, attempts: tuple[str, ...] = ()) -> tuple[dict[str, str], dict[str, list[str]]]:
        command = [self.python, "-m", "chaoskit", "exec", "-q", "--no-aws", *options, "--", *self.attempts(*attempts)]
        return self.run(*command)

    def client(self) -> tuple[dict[str, str], dict[str, list[str]]]:
        """The same from a client of an experiment, whose one call makes all attempts."""
        said, experiment = self.folder / "said.json", self.folder / "x.yaml"
        script = f"{shlex.join(self.attempts())} > {said}; chmod a+rw {said}"
        experiment.write_text(CLIENT.format(argv=json.dumps(["sh", "-c", script])))
        command = [self.python, "-m", "chaoskit", "run", str(experiment), "--plain", "--sandbox", "namespace"]
        no_fault = Outcome.NOT_EXERCISED.exit_code
        _, counted = self._run(*command, "--out", str(self.folder / "runs"), code=no_fault)
        return json.loads(said.read_text()), counted


@pytest.fixture(params=["root", "ordinary user"])
def outside(request: pytest.FixtureRequest) -> Iterator[Outside]:
    if not sys.platform.startswith("linux") or shutil.which("ip") is None:
        pytest.skip("network namespaces are Linux's, and iproute2 furnishes them")
    if request.param == "ordinary user" and os.geteuid() != 0:
        pytest.skip("whoever is no root has no second user for the inside of a namespace of their own")
    python = python_for_everybody() if request.param == "ordinary user" else sys.executable
    folder = Path(f"/tmp/chaoskit-escape-{os.getpid()}-{request.param.replace(' ', '-')}")
    folder.mkdir(mode=0o777)
    try:
        folder.chmod(0o777)
        shutil.copy(HERE / "attempts.py", folder)
        shutil.copy(shutil.which("id") or "", folder / "setuid")
        (folder / "setuid").chmod(0o4755)
        world = Outside(folder, python, tuple(as_nobody()) if request.param == "ordinary user" else ())
        made = subprocess.run(["unshare", *([] if os.geteuid() == 0 else ["--user"]), "--net", "true"])
        if made.returncode:
            pytest.skip("this machine lets nobody make a network namespace")
        yield world
    finally:
        shutil.rmtree(folder)


def test_the_outside_counts_whoever_comes(outside: Outside) -> None:
    """Without chaoskit each of these arrives: else the suite below would show nothing."""
    said, counted = outside.run(*outside.attempts(*COUNTED))
    visitors = sorted(name for names in counted.values() for name in names)
    assert visitors == sorted(COUNTED), said


@pytest.mark.parametrize("door", ["exec", "run"])
def test_nothing_gets_out_of_the_sandbox(outside: Outside, door: str) -> None:
    said, counted = outside.exec() if door == "exec" else outside.client()
    assert {listener: names for listener, names in counted.items() if names} == {}
    try:
        compile_filter()
        expected = set(ATTEMPTS)
    except FilterUnavailable:
        expected = set(ATTEMPTS) - set(BY_THE_FILTER)
    assert {name: text for name, text in said.items() if name in expected and text.startswith("ESCAPED")} == {}
    assert set(said) == set(ATTEMPTS)
    user = "an ordinary user" if outside.user else "root"
    sys.stdout.write(f"{len(said)} ways out of {door} tried as {user}, none led out\n")


def test_a_socket_that_is_named_is_the_only_one_open(outside: Outside) -> None:
    names = ("socket file", "datagram socket file", "socket in /run")
    _, counted = outside.exec("--allow", f"{outside.folder}/agent.sock", attempts=names)
    assert {listener: seen for listener, seen in counted.items() if seen} == {"file": ["socket file"]}
    _, counted = outside.exec("--allow", f"/run/{outside.folder.name}/engine.sock", attempts=names)
    assert {listener: seen for listener, seen in counted.items() if seen} == {"run": ["socket in /run"]}


def test_the_command_has_sockets_of_its_own(outside: Outside) -> None:
    """What it makes itself it can connect to, in a temporary folder and in /run alike."""
    program = (
        "import json, os, socket, tempfile\n"
        "def meet(path):\n"
        "    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as visitor:\n"
        "        listener.bind(path); listener.listen(); visitor.connect(path)\n"
        "        listener.accept()[0].close(); os.unlink(path)\n"
        "meet(tempfile.mktemp())\n"
        "if os.getuid() == 0: meet('/run/mine.sock')\n"
        "print(json.dumps({'met': 'itself'}))\n"
    )
    command = [outside.python, "-m", "chaoskit", "exec", "-q", "--no-aws", "--", outside.python, "-c", program]
    said, _ = outside.run(*command)
    assert said == {"met": "itself"}
