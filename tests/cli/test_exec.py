"""``chaoskit exec`` with real commands: what they see, what they keep, and what is told of them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaoskit.journal.events import CommandFinished, CommandStarted, RunEnded
from tests.cli.commands import NAME, PATIENCE_S, Place, make_place
from tests.cli.test_whole_run import namespaces_work
from tests.processes import all_ended, close, descendants, watch

pytestmark = pytest.mark.slow

SEES = f"""\
import json, os, signal, socket
def look():
    try:
        return [info[4][0] for info in socket.getaddrinfo("{NAME}", 443, type=socket.SOCK_STREAM)]
    except OSError as error:
        return error.errno
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
seen = [look()]
while len(seen) < 2:
    if type(found := look()) is not type(seen[-1]):
        seen.append(found)
    signal.pause() # until the next tick
signal.setitimer(signal.ITIMER_REAL, 0) # a tick after Python took its handler back would end it
mine = {{name: os.environ.get(name) for name in ("MINE", "AWS_PROFILE", "HTTPS_PROXY", "AWS_ACCESS_KEY_ID", "ADDED")}}
print(json.dumps([seen, os.getuid(), os.getcwd(), mine, socket.gethostbyname(socket.gethostname())]))
raise SystemExit(7)
"""
TRAPS = """\
import signal, sys
def heard(number, frame):
    print(signal.Signals(number).name, flush=True)
    if number == signal.SIGTERM: sys.exit(9)
for number in (1, 2, 3, 10, 12, 15): signal.signal(number, heard)
print("up", flush=True)
while True: signal.pause()
"""
REACHES = """\
import json, socket, sys
def reach(host, port):
    try:
        with socket.create_connection((host, int(port)), timeout=10) as link:
            link.sendall(b"hello")
            link.shutdown(socket.SHUT_WR)
            return link.recv(100).decode()
    except OSError as error:
        return error.errno
print(json.dumps([reach(*place.rsplit(":", 1)) for place in sys.argv[1:]]))
"""
KILLS_DNS = """\
import os, pathlib, signal
for folder in pathlib.Path("/proc").glob("[0-9]*"):
    if b"chaoskit.dns" in (folder / "cmdline").read_bytes():
        os.kill(int(folder.name), signal.SIGKILL)
signal.pause()
"""
FILE = """\
title: a shop
clients: {app: {use: boto3}}
zones: {shop.test: {records: {shop.test: {A: 127.0.0.9}, empty.shop.test: {A: 127.0.0.9}}}}
timeline:
  - {id: gone, dns: nxdomain, where: empty.shop.test, when: {from: 0s, for: 5m}}
expect:
  - recovers_within: {client: app, within: 2s}
"""


@pytest.fixture(scope="module", autouse=True)
def _needs_namespaces() -> None:
    if reason := namespaces_work():
        pytest.skip(reason)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make_place(tmp_path)


def test_it_sees_the_blank_and_keeps_what_is_its_own(place: Place) -> None:
    result = place.run("--blank", f"{NAME}@0s+4s", "--env", "ADDED=too", "--", "python3", "-c", SEES)
    assert result.returncode == 7, result.stderr
    seen, uid, folder, mine, own_name = json.loads(result.stdout)
    assert seen[0] == socket.EAI_NODATA
    assert "127.0.1.1" in seen[1]
    assert (uid, folder, own_name) == (os.getuid(), str(place.work), "127.0.0.1")
    assert (mine["MINE"], mine["ADDED"]) == ("my own", "too")
    assert mine["AWS_ACCESS_KEY_ID"] not in (None, "AKIAREALREALREALREAL")
    assert mine["AWS_PROFILE"] is mine["HTTPS_PROXY"] is None
    run = place.journal()
    assert run.met("blank-1")
    assert [event.folder for _, event in run.of(CommandStarted)] == [str(place.work)]
    assert [event.exit_code for _, event in run.of(CommandFinished)] == [7]
    said = result.stderr.decode()
    assert "the command ended with code 7 after" in said
    assert f"{NAME}: " in said
    assert "empty (NODATA)" in said
    assert (
        f"fault        empty on {NAME} and its aliases, from 0.00 s to 4.00 s: met {len(run.met('blank-1'))} times"
        in said
    )
    assert place.left() == []


@pytest.mark.parametrize(
    ("script", "code", "out"),
    [
        ("tr a-z A-Z | rev; printf é", 0, b"OLLEH\n\xc3\xa9"),
        ("kill -9 $$", 137, b""),
        ("kill -TERM $$", 143, b""),
        ("exit 125", 125, b""),
    ],
)
def test_streams_and_exit_code_are_its_own(place: Place, script: str, code: int, out: bytes) -> None:
    result = place.run("--quiet", "--no-aws", "sh", "-c", script, put_in=b"hello\n")
    assert (result.returncode, result.stdout, result.stderr) == (code, out, b"")
    ((_, ended),) = place.journal().of(CommandFinished)
    assert ended.exit_code == code


@contextmanager
def started(place: Place, *words: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        place.argv(*words),
        env=place.environment,
        cwd=place.work,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # no terminal: every signal is one that somebody sent
    ) as process:
        guard = threading.Timer(PATIENCE_S, process.kill)
        guard.start()
        try:
            yield process
        finally:
            guard.cancel()
            process.kill()


def test_signals_pass_through(place: Place) -> None:
    with started(place, "--no-aws", "--", "python3", "-c", TRAPS) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM):
            process.send_signal(number)
            assert process.stdout.readline() == f"{number.name}\n"
        assert process.wait(PATIENCE_S) == 9
    assert place.left() == []


def test_a_signal_before_the_command_begins_ends_the_run(place: Place) -> None:
    with started(place, "--", "sh", "-c", "echo up") as process:
        # The sandbox's keeper is there, the command is not: its planes take longer than this.
        while not descendants(process.pid):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE_S)
    if out:
        pytest.skip("the command was quicker than the signal")
    assert process.returncode == 128 + signal.SIGTERM, err
    assert not (place.root / "runs").exists()
    assert place.left() == []


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waiting for processes that are not ours needs Linux's pidfd")
def test_kill_9_leaves_what_was_measured_and_nothing_else(place: Place) -> None:
    script = "trap '' TERM HUP INT; sleep 1000 & echo up; wait"
    with started(place, "--allow", "127.0.0.1:9", "--", "sh", "-c", script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        watched = watch(process.pid)
        assert len(watched) >= 8, "keeper, launcher, command, its child, planes, relays"
        process.kill()
        process.wait()
        assert all_ended(watched), "a process outlived the run by 10 s"
        close(watched)
    ((_, ending),) = place.journal().of(RunEnded)
    assert ending.reason == "interrupted"
    assert place.left() == []


def test_a_hole_leads_to_one_port_and_there_is_no_other_way_out(place: Place) -> None:
    def answer(listener: socket.socket) -> None:
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            with link:
                data = b""
                while more := link.recv(100):
                    data += more
                link.sendall(b"heard " + data)

    with socket.create_server(("127.0.0.1", 0)) as allowed, socket.create_server(("127.0.0.1", 0)) as other:
        thread = threading.Thread(target=answer, args=[allowed], daemon=True)
        thread.start()
        port, closed = allowed.getsockname()[1], other.getsockname()[1]
        places = [f"127.0.0.1:{port}", f"127.0.0.1:{closed}", "198.18.0.1:443", "169.254.169.254:80"]
        allow = ["--allow", f"127.0.0.1:{port}", "--no-aws"]
        result = place.run(*allow, "--", "python3", "-c", REACHES, *places, f"{NAME}:443")
        assert result.returncode == 0, result.stderr
        allowed.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    refused, unreachable = 111, 101
    assert json.loads(result.stdout) == ["heard hello", refused, unreachable, unreachable, socket.EAI_AGAIN]


def test_a_file_gives_zones_and_faults(place: Place) -> None:
    (place.work / "x.yaml").write_text(FILE)
    script = "getent ahosts shop.test; getent ahosts empty.shop.test || echo none"
    result = place.run("--experiment", "x.yaml", "--no-aws", "--", "sh", "-c", script)
    assert result.returncode == 0, result.stderr
    assert "127.0.0.9" in result.stdout.decode()
    assert result.stdout.decode().endswith("none\n")
    assert "nxdomain on empty.shop.test" in result.stderr.decode()
    assert place.journal().met("gone")


def test_a_harness_that_breaks_is_not_the_command_s_fault(place: Place) -> None:
    result = place.run("--no-aws", "--", "python3", "-c", KILLS_DNS)
    assert result.returncode == 125
    assert "chaoskit: dns: ended with exit code" in result.stderr.decode()
    assert "this is no fault of its own" in result.stderr.decode()
    assert place.left() == []


def test_a_folder_that_cannot_be_written_is_bad_input(place: Place) -> None:
    result = place.run("--out", "/proc/nothing", "--", "true")
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"choose another folder with --out" in result.stderr
    assert place.left() == []


def test_a_text_that_is_no_program_cannot_be_executed(place: Place) -> None:
    script = place.work / "script"
    script.write_text("no shebang, no program\n")
    script.chmod(0o755)
    result = place.run("--no-aws", "--quiet", "--", "./script")
    assert (result.returncode, result.stdout) == (126, b"")
    assert result.stderr == b"chaoskit: ./script: Exec format error\n"
