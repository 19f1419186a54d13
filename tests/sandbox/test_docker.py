"""The docker sandbox on a real engine: a run proves what it proves elsewhere, and nothing is left however it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chaoskit.errors import SandboxError
from chaoskit.journal.events import ConnectionOpened, PlaneReady
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from chaoskit.sandbox.docker import Engine, connect
from chaoskit.sandbox.docker_clean import LABEL
from chaoskit.sandbox.docker_toxiproxy import IMAGE
from tests.cli.test_whole_run import SHORT

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("runs"),  # one at a time: some look for what any run has left
]

WITHIN_S = 40


class Echo(socketserver.BaseRequestHandler):
    """A program of this machine that a service of one's own leads to."""

    def handle(self) -> None:
        while data := self.request.recv(4096):
            self.request.sendall(data)


def docker(*argv: str) -> str:
    return subprocess.run(["docker", *argv], capture_output=True, text=True, check=True, timeout=120).stdout


@pytest.fixture(scope="module")
def engine() -> Engine:
    if shutil.which("docker") is None:
        pytest.skip("no docker command line here")
    try:
        found = connect()
        if found.needs_build():
            found.build(lambda line: None)
    except SandboxError as error:
        pytest.skip(str(error))
    return found


@pytest.fixture
def place(tmp_path: Path, engine: Engine) -> Path:
    (tmp_path / "x.yaml").write_text(SHORT)
    (tmp_path / "tmp").mkdir()
    return tmp_path


def command(place: Path) -> list[str]:
    base = [sys.executable, "-m", "chaoskit", "run", str(place / "x.yaml"), "--out", str(place / "runs")]
    return [*base, "--sandbox", "docker", "--plain"]


def environment(place: Path) -> dict[str, str]:
    return os.environ | {"TMPDIR": str(place / "tmp"), "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL"}


def left() -> list[str]:
    """Every container and network of any run; not what an ``attach`` of another test measures with."""
    label = f'{{{{.Label "{LABEL}"}}}}'
    containers = docker("ps", "-a", "--filter", f"label={LABEL}", "--format", f"{{{{.Names}}}} {label}")
    networks = docker("network", "ls", "--filter", f"label={LABEL}", "--format", f"{{{{.Name}}}} {label}")
    found = [line.split() for line in (containers + networks).splitlines()]
    return [name for name, run in found if run != "doctor"]


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"after {WITHIN_S} s still not: {what}")
        # The engine tells of a change in its own time; there is no handle to wait on.
        subprocess.run([sys.executable, "-I", "-S", "-c", "import select; select.select([], [], [], 0.2)"])


def test_a_run_in_containers_proves_what_it_says(place: Path) -> None:
    before = set(left())
    result = subprocess.run(command(place), env=environment(place), capture_output=True, text=True, timeout=180)
    assert result.returncode == 0, result.stdout + result.stderr
    (journal,) = (place / "runs").glob("*/journal.jsonl")
    run = Run(read_journal(journal))
    assert run.met("blank")
    errors = {link.errno for call in run.calls_in("cold", "fault") for link in call.errors if link.errno}
    assert errors == {-5}, "EAI_NODATA, from a libc behind Docker's resolver"
    assert {query.asker for _, query in run.queries} == {"cold", "warm", "canary"}, "a question says who asks"
    assert "AKIAREAL" not in journal.read_text()
    assert json.loads((journal.parent / "summary.json").read_text())["outcome"]["word"] == "passed"
    until(lambda: set(left()) <= before, "nothing is left (of other runs at the same time neither)")
    assert not list((place / "tmp").iterdir()), "the temporary folder is gone"


TOXICS = """\
title: two toxics
duration: 6s
clients: {cold: {use: boto3, connection: cold, every: 250ms}}
timeline:
  - {id: slow, network: {latency: {latency: 200ms}}, where: dynamodb, when: {from: 1.1s, for: 2s}}
  - {id: reset, network: {reset_peer: {timeout: 10ms}}, where: dynamodb, when: {from: 4.1s, for: 1s}}
"""


@pytest.mark.parametrize("sandbox", ["docker", "inline"])
def test_toxiproxys_own_image_and_what_its_log_proves(place: Path, engine: Engine, sandbox: str) -> None:
    if not engine.has_image(IMAGE):
        pytest.skip(f"{IMAGE} is not here; docker pull it")
    (place / "x.yaml").write_text(TOXICS)
    argv = [*command(place)[:-3], "--sandbox", sandbox, "--toxiproxy", "docker"]
    before = set(left())
    result = subprocess.run(argv, env=environment(place), capture_output=True, text=True, timeout=180)
    assert result.returncode == 0, result.stdout + result.stderr
    (journal,) = (place / "runs").glob("*/journal.jsonl")
    run = Run(read_journal(journal))
    assert [event.implementation for _, event in run.of(PlaneReady) if event.plane == "network"] == [
        "Toxiproxy 2.5.0, in a container"
    ]
    for toxic in ("slow", "reset"):
        assert [event for _, event in run.of(ConnectionOpened) if toxic in event.toxics], toxic
    until(lambda: set(left()) <= before, "nothing is left (of other runs at the same time neither)")


OWN = """\
title: services of one's own
duration: 6s
services:
  web: {host: web.example.internal, port: 443, tls: true, backend: static}
  db: {host: db.example.internal, port: 5432, backend: "127.0.0.1:%d"}
clients:
  browser: {use: http, url: https://web.example.internal/, connection: cold, every: 250ms}
  pool: {use: tcp, address: "db.example.internal:5432", send: hello, connection: cold, every: 250ms}
timeline:
  - {id: blank, dns: empty, where: web.example.internal, when: {from: 2s, for: 2s}}
  - {id: slow, network: {latency: {latency: 300ms}}, where: db, when: {from: 2s, for: 2s}}
expect:
  - success_rate: {client: browser, phase: baseline, at_least: 1.0}
  - success_rate: {client: pool, phase: baseline, at_least: 1.0}
"""


def test_services_of_ones_own_are_served_in_containers(place: Path) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (place / "x.yaml").write_text(OWN % server.server_address[1])
        result = subprocess.run(command(place), env=environment(place), capture_output=True, text=True, timeout=180)
        server.shutdown()
    assert result.returncode == 0, result.stdout + result.stderr
    (journal,) = (place / "runs").glob("*/journal.jsonl")
    run = Run(read_journal(journal))
    assert {call.errors[-1].errno for call in run.calls_in("browser", "fault") if call.errors} == {-5}
    assert [event for _, event in run.of(ConnectionOpened) if "slow" in event.toxics], "the toxic met connections to db"


@pytest.fixture
def running(place: Path) -> Iterator[subprocess.Popen[str]]:
    """A run whose clients are calling."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command(place), env=environment(place), stdout=pipe, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        seen = []
        for line in process.stdout:
            seen.append(line)
            if "baseline" in line:
                break
        assert "baseline" in seen[-1], "".join(seen)
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_however_it_ends(running: subprocess.Popen[str], place: Path, number: signal.Signals) -> None:
    mine = {name.removesuffix("-cold") for name in left() if name.endswith("-cold")}
    assert mine, "the client's container is up"
    running.send_signal(number)
    running.wait(WITHIN_S)
    until(lambda: not [name for name in left() if name.startswith(tuple(mine))], "the run's containers are gone")
    until(lambda: not list((place / "tmp").iterdir()), "the temporary folder is gone")
    (folder,) = (place / "runs").iterdir()
    assert [path.name for path in folder.iterdir()] == ["journal.jsonl"], "what was measured, and no half-done results"


def test_clean_removes_what_carries_the_label_and_nothing_else(engine: Engine) -> None:
    image = engine.image()
    base = ("run", "--detach", "--rm", "--network", "none", "--no-healthcheck", "--entrypoint", "python3")
    waits = ("-c", "import signal; signal.pause()")
    theirs = docker(*base, image, *waits).strip()
    try:
        ours = docker(*base, "--label", f"{LABEL}=left-over", image, *waits).strip()
        docker("network", "create", "--internal", "--label", f"{LABEL}=left-over", "chaoskit-left-over")
        removed = engine.remove("left-over")
        assert {what.kind for what in removed} == {"container", "network"}
        running = docker("ps", "--no-trunc", "-q").split()
        assert theirs in running
        assert ours not in running
    finally:
        docker("rm", "-f", theirs)


def test_no_packet_leaves_a_runs_network(engine: Engine) -> None:
    """Who listens on another network is reached from there, and not from a run's."""
    image = engine.image()
    world = engine.make_world("test-no-route", image, lambda line: None)
    listens = "import socket; s = socket.create_server(('', 7)); print('ready', flush=True); [s.accept() for _ in iter(int, 1)]"
    base = ("run", "--rm", "--no-healthcheck", "--label", f"{LABEL}=test-no-route", "--entrypoint", "python3")
    try:
        outside = docker(*base, "--detach", image, "-c", listens).strip()
        until(lambda: "ready" in docker("logs", outside), "the outside listens")
        address = docker("inspect", "--format", "{{.NetworkSettings.IPAddress}}", outside).strip()
        tries = f"import socket; socket.create_connection(('{address}', 7), 3)"
        from_there = subprocess.run(["docker", *base, image, "-c", tries], capture_output=True, text=True, timeout=60)
        assert from_there.returncode == 0, from_there.stderr
        from_ours = ["docker", *base, "--network", world.network, image, "-c", tries]
        tried = subprocess.run(from_ours, capture_output=True, text=True, timeout=60)
        assert tried.returncode == 1
        assert "timed out" in tried.stderr or "unreachable" in tried.stderr, tried.stderr
    finally:
        engine.remove("test-no-route")
