"""The docker sandbox's pure parts, and its messages; no engine is needed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaoskit.errors import InputError, SandboxError
from chaoskit.sandbox import docker_image, stdio_bridge
from chaoskit.sandbox.docker_addresses import Addresses, upper_half
from chaoskit.sandbox.docker_compose import ComposeSandbox
from chaoskit.sandbox.docker_toxiproxy import IMAGE, image_of, lead_log


def addresses() -> Addresses:
    return Addresses("172.18.0.0/16", upper_half("172.18.0.0/16"))


def test_a_name_keeps_its_address_and_no_two_share_one() -> None:
    given = addresses()
    first, second = given.of("resolver of app"), given.of("127.0.1.1")
    assert first == given.of("resolver of app")
    assert len({first, second, given.of("127.0.1.2")}) == 3
    assert all(address.startswith("172.18.128.") for address in (first, second))


def test_a_reserved_address_is_given_to_nobody_else() -> None:
    given = Addresses("10.0.0.0/24", "10.0.0.128/25")
    given.reserve("resolver of app", "10.0.0.129")
    assert given.of("127.0.1.1") == "10.0.0.130"


def test_a_network_that_is_too_small_says_so() -> None:
    given = Addresses("10.0.0.0/29", "10.0.0.4/30")
    given.of("a")
    given.of("b")
    with pytest.raises(SandboxError, match=r"10\.0\.0\.0/29 is too small"):
        given.of("c")


def test_the_dns_plan_gets_the_networks_addresses() -> None:
    given = addresses()
    records = [
        {"name": "dynamodb.us-east-1.amazonaws.com", "rtype": "A", "ttl": 5, "data": "127.0.1.1"},
        {"name": "canary.chaoskit.test", "rtype": "A", "ttl": 0, "data": "127.0.0.1"},
        {"name": "mail.example", "rtype": "TXT", "ttl": 0, "data": "127.0.1.1"},
    ]
    injections = [
        {"id": "x", "fault": {"address": {"to": "127.0.1.1"}}},
        {"id": "y", "fault": {"address": {"to": "127.0.0.99"}}},
    ]
    plan = {"seed": 1, "listeners": [], "zones": [{"apex": "x", "records": records}], "injections": injections}
    adapted = given.adapt("dns", plan)
    served = given.of("127.0.1.1")
    assert [record["data"] for record in adapted["zones"][0]["records"]] == [served, "127.0.0.1", "127.0.1.1"]
    assert [one["fault"]["address"]["to"] for one in adapted["injections"]] == [served, "127.0.0.99"]
    assert adapted["allow"] == ["172.18.0.0/16"]
    assert records[0]["data"] == "127.0.1.1", "the experiment's own plan must stay as it is"


def test_other_plans_stay_as_they_are() -> None:
    assert addresses().adapt("service", {"host": "127.0.0.1"}) == {"host": "127.0.0.1"}
    assert addresses().adapt("network", {"seed": 1}) == {"seed": 1, "within": ["172.18.0.0/16"]}


def test_the_image_is_made_of_the_code_that_runs_here() -> None:
    names = dict(docker_image.files())
    assert names["chaoskit/sandbox/stdio_bridge.py"] == Path(stdio_bridge.__file__)
    assert "experiments/index.yaml" in names
    assert not [name for name in names if "__pycache__" in name]
    with tarfile.open(fileobj=docker_image.context()) as packed:
        assert packed.getnames() == list(names)


def test_the_digest_tells_changed_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = docker_image.digest()
    (tmp_path / "x.py").write_text("pass\n")
    files = [*docker_image.files(), ("chaoskit/x.py", tmp_path / "x.py")]
    monkeypatch.setattr(docker_image, "files", lambda: iter(files))
    assert docker_image.digest() != before


def test_no_engine_is_told_with_the_way_out(tmp_path: Path) -> None:
    experiment = tmp_path / "x.yaml"
    experiment.write_text("title: Nothing\nduration: 1s\n")
    environment = {
        **os.environ,
        "DOCKER_HOST": f"unix://{tmp_path}/no.sock",
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }
    (tmp_path / "docker").write_text("#!/bin/sh\n")
    (tmp_path / "docker").chmod(0o755)
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "chaoskit",
            "run",
            str(experiment),
            "--sandbox",
            "docker",
            "--out",
            str(tmp_path / "runs"),
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 4
    assert f"no Docker engine answers at unix://{tmp_path}/no.sock; start Docker, or set DOCKER_HOST" in run.stderr
    assert not (tmp_path / "runs").exists()


def test_the_compose_sandbox_is_for_its_containers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CHAOSKIT_NETWORK", raising=False)
    with pytest.raises(InputError, match="use --sandbox docker"):
        ComposeSandbox(tmp_path, [], [])


ECHO = """
import sys
for line in sys.stdin:
    if line == "end\\n":
        sys.stderr.write("as asked\\n")
        sys.exit(7)
    sys.stdout.write(line)
    sys.stdout.flush()
sys.exit(125)
"""


@pytest.fixture
def behind_a_door() -> Iterator[str]:
    """``host:port`` of a door with an echo behind it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    echo = [sys.executable, "-I", "-S", "-c", ECHO]
    argv = [sys.executable, "-I", "-S", stdio_bridge.__file__, "--listen", str(port), "--", *echo]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as waiting:
        assert waiting.stderr is not None
        assert "waiting at port" in waiting.stderr.readline()
        yield f"127.0.0.1:{port}"
        waiting.kill()


def knock(where: str, said: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-I", "-S", stdio_bridge.__file__, "--to", where]
    return subprocess.run(argv, input=said, capture_output=True, text=True, timeout=30)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="doors are in containers, which are Linux")
def test_a_process_behind_a_door_is_as_one_of_ours(behind_a_door: str) -> None:
    found = knock(behind_a_door, '{"a": 1}\nend\n')
    assert (found.stdout, found.stderr, found.returncode) == ('{"a": 1}\n', "as asked\n", 7)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="doors are in containers, which are Linux")
def test_its_input_ends_with_ours_and_the_next_run_is_awaited(behind_a_door: str) -> None:
    assert knock(behind_a_door, "one\n").returncode == 125
    assert knock(behind_a_door, "two\nend\n").stdout == "two\n"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="doors are in containers, which are Linux")
def test_the_health_check_sees_who_listens(behind_a_door: str) -> None:
    port = behind_a_door.rpartition(":")[2]
    argv = [sys.executable, "-I", "-S", stdio_bridge.__file__, "--check"]
    assert subprocess.run([*argv, port]).returncode == 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound, but nobody listens
        assert subprocess.run([*argv, str(free.getsockname()[1])]).returncode == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="doors are in containers, which are Linux")
def test_sigterm_ends_the_bridge_at_once_as_process_1() -> None:
    """Process 1 of a pid namespace hears a signal only if it has a handler for it, so without one this would hang."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    door = [sys.executable, "-I", "-S", stdio_bridge.__file__, "--listen", str(port), "--", "true"]
    words = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child", *door]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as waiting:
        assert waiting.stderr is not None
        said = waiting.stderr.readline()
        if "waiting at port" not in said:
            pytest.skip(f"no pid namespace can be made here: {said.strip()}")
        try:
            children = Path(f"/proc/{waiting.pid}/task/{waiting.pid}/children").read_text().split()
            os.kill(int(children[0]), signal.SIGTERM)
            assert waiting.wait(30) == 0
        finally:
            waiting.kill()


def test_a_line_of_the_process_is_not_taken_for_its_end() -> None:
    assert stdio_bridge.Exit.read(b'{"kind": "x"}\n') is None
    assert stdio_bridge.Exit.read(stdio_bridge.Exit.write(3, ["a", "b"])) == (3, ["a", "b"])


@pytest.mark.parametrize(
    ("named", "image"),
    [("docker", IMAGE), ("docker:mine:1", "mine:1"), ("/usr/bin/toxiproxy", None), ("http://127.0.0.1:8474", None)],
)
def test_which_image_is_meant(named: str, image: str | None) -> None:
    assert image_of(named) == image


def test_a_log_is_led_through_a_pipe(tmp_path: Path) -> None:
    pipe = lead_log(iter([b"one\ntw", b"o\n"]), tmp_path)
    assert pipe.read_bytes() == b"one\ntwo\n"


def test_an_installed_package_makes_the_same_image_as_a_checkout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The wheel holds docker/ as ``containers`` and experiments/ as ``shipped`` (pyproject.toml)."""
    checkout = docker_image.PACKAGE.parent
    if not (checkout / "pyproject.toml").exists():
        pytest.skip("these tests run on an installed package")
    installed = tmp_path / "chaoskit"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(checkout / "chaoskit", installed, ignore=ignored)
    shutil.copytree(checkout / "docker", installed / "containers")
    shutil.copytree(checkout / "experiments", installed / "shipped")
    here = [name for name, _ in docker_image.files()]
    monkeypatch.setattr(docker_image, "PACKAGE", installed)
    assert [name for name, _ in docker_image.files()] == here


BECOME = """
import os, sys
from chaoskit.sandbox.infra_container import become, owner
print(owner(sys.argv[1]), end=" ")
become(int(sys.argv[2]), int(sys.argv[2]))
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(os.getuid(), int(status["CapEff"], 16), int(status["CapPrm"], 16), end=" ")
open(os.path.join(sys.argv[1], "mine"), "w").close()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="containers are Linux")
@pytest.mark.parametrize("user", [0, 4321])
def test_results_are_their_folders_owners_who_has_no_other_right(tmp_path: Path, user: int) -> None:
    """Root's folder stays root's: it was given to another user, who is nobody on the host."""
    if os.geteuid() != 0:
        pytest.skip("only root can become others")
    tmp_path.chmod(0o700)
    for above in tmp_path.parents[:3]:  # pytest's own, which nobody else may enter
        above.chmod(0o755)
    os.chown(tmp_path, user, user)
    words = [sys.executable, "-c", BECOME, str(tmp_path), str(user)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == [f"({user},", f"{user})", str(user), "0", "0"], done.stderr
    assert [path.stat().st_uid for path in (tmp_path, tmp_path / "mine")] == [user, user]
