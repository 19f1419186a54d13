"""The Kubernetes Job's container, run here by Docker with the Job's own words: Docker's resolver stands where a cluster has CoreDNS.

Nothing of Kubernetes itself is tested by this: not the Service, not CoreDNS, not the sidecar.
"""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from chaoskit.compose.overlay import IMAGE
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from tests.docker.shop import chaoskit, docker, no_engine

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(400),
    pytest.mark.skipif(bool(no_engine()), reason=f"no containers here: {no_engine()}"),
]
FOLDER = Path(__file__).resolve().parent.parent.parent / "docker" / "kubernetes"


def container(manifest: str) -> dict[str, object]:
    """The main container of a manifest's pod."""
    (one,) = yaml.safe_load((FOLDER / manifest).read_text())["spec"]["template"]["spec"]["containers"]
    return dict(one)


@pytest.fixture
def world() -> Iterator[tuple[str, str]]:
    """A network that leads nowhere, and a volume for the authority: name of both, and the first three numbers of the addresses."""
    done = chaoskit("docker", "build")
    assert done.returncode == 0, done.stderr
    name = uuid.uuid4()
    world, prefix = f"chaoskit-pod-{name.hex[:8]}", f"10.214.{name.int % 256}"
    docker("network", "create", "--internal", "--subnet", f"{prefix}.0/24", world)
    docker("volume", "create", world)
    try:
        yield world, prefix
    finally:
        docker("rm", "-f", f"{world}-job", f"{world}-app", check=False)
        docker("network", "rm", world)
        docker("volume", "rm", world)


def test_the_jobs_container_plays_the_experiment_on_the_app(world: tuple[str, str], tmp_path: Path) -> None:
    name, prefix = world
    address = f"{prefix}.53"
    locked = ["--user", "10001:10001", "--cap-drop", "ALL", "--read-only", "--tmpfs", "/tmp:mode=1777"]
    # An emptyDir with an fsGroup can be written to; a volume of Docker's must be given away first.
    docker(
        "run",
        "--rm",
        "--user",
        "0",
        "-v",
        f"{name}:/chaoskit",
        "--entrypoint",
        "chown",
        IMAGE,
        "10001:10001",
        "/chaoskit",
    )
    job, app = container("job.yaml"), container("app.yaml")
    words = [*map(str, job["command"]), *map(str, job["args"])]  # type: ignore[call-overload]
    docker(
        *("run", "-d", "--name", f"{name}-job", "--network", name, "--ip", address, "--dns", address, *locked),
        *("-e", f"POD_IP={address}", "-e", "POD_NETWORK=10.0.0.0/8", "-v", f"{name}:/chaoskit"),
        *("-v", f"{FOLDER}:/experiment:ro", "--entrypoint", words[0], IMAGE, *words[1:]),
    )
    environment = [word for one in app["env"] for word in ("-e", f"{one['name']}={one['value']}")]  # type: ignore[attr-defined]
    wait = "import pathlib, threading; [threading.Event().wait(0.1) for _ in iter(lambda: pathlib.Path('/chaoskit/ca.pem').exists(), True)]"
    docker("run", "--rm", "--network", name, "-v", f"{name}:/chaoskit:ro", "--entrypoint", "python3", IMAGE, "-c", wait)
    serve = [str(word) for word in app["command"]]  # type: ignore[attr-defined]
    docker(
        *("run", "-d", "--name", f"{name}-app", "--network", name, "--network-alias", "app", "--dns", address, *locked),
        *(
            *environment,
            "-v",
            f"{name}:/chaoskit:ro",
            "-v",
            f"{FOLDER}:/app:ro",
            "--entrypoint",
            serve[0],
            IMAGE,
            *serve[1:],
        ),
    )
    ended = subprocess.run(["docker", "wait", f"{name}-job"], capture_output=True, text=True, timeout=300)
    said = subprocess.run(["docker", "logs", f"{name}-job"], capture_output=True, text=True)
    assert ended.stdout.strip() == "0", said.stderr + said.stdout[-2000:]
    journal = tmp_path / "journal.jsonl"
    journal.write_text(said.stdout)
    assert json.loads(said.stdout.splitlines()[0])["kind"] == "run_started"
    run = Run(read_journal(journal))
    assert {query.asker for _, query in run.queries if query.faults} == {"app"}
    assert any(call.result == "failed" for call in run.calls_in("app", "fault"))
    assert chaoskit("check", str(journal)).returncode == 0
