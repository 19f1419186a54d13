"""A real stack of two services under the overlay, and under ``attach``: it is seen to fail and to come back, and is put back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chaoskit.journal.events import ContainerChanged
from chaoskit.journal.run import Run
from chaoskit.journal.store import read_journal
from tests.docker.shop import Shop, chaoskit, docker, no_engine
from tests.docker.shop import shop as shop  # noqa: PLC0414
from tests.docker.shop import shop_image as shop_image  # noqa: PLC0414

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(400),
    pytest.mark.skipif(bool(no_engine()), reason=f"no containers here: {no_engine()}"),
]
DYNAMODB = "dynamodb.us-east-1.amazonaws.com"


@pytest.fixture(scope="session", autouse=True)
def image() -> None:
    """chaoskit's own image, of this code."""
    if no_engine():
        return
    done = chaoskit("docker", "build")
    assert done.returncode == 0, done.stderr


def test_the_overlay_puts_both_services_under_a_fault_by_hand(shop: Shop) -> None:
    before = shop.file.read_bytes()
    written = chaoskit("compose", "overlay", str(shop.file), "--subnet", shop.subnet)
    assert written.returncode == 0, written.stderr
    assert "docker compose config takes it" in written.stdout
    assert "AWS_SECRET_ACCESS_KEY" in written.stderr
    assert "real-and-never-printed" not in written.stdout + written.stderr
    assert shop.file.read_bytes() == before
    override = shop.folder / "chaoskit.override.yaml"
    assert "real-and-never-printed" not in override.read_text()
    shop.compose("up", "-d", "--wait", files=(override,))
    assert shop.ask() == "ok"
    asked = {name: one["HostConfig"]["Dns"] for name, one in shop.containers().items() if name in ("web", "worker")}
    assert {len(servers) for servers in asked.values()} == {1}
    assert asked["web"] != asked["worker"], "the address that is asked tells who asks"
    inside = ("exec", "-T", "chaoskit", "python3", "-m", "chaoskit")
    shop.compose(*inside, "inject", "empty", DYNAMODB, "--for", "5m", files=(override,))
    assert shop.ask().startswith("EndpointConnectionError")
    worker = shop.containers()["worker"]["Id"]
    said_by(worker, "EndpointConnectionError")  # the other service, by a resolver address of its own
    shop.compose(*inside, "halt", files=(override,))
    assert shop.ask() == "ok"


def test_taking_the_overlay_away_leaves_every_volume(shop: Shop) -> None:
    """The advice was ``down --volumes`` once, which deletes the project's volumes with their data."""
    text = shop.file.read_text().replace(
        "    env_file: [worker.env]\n", "    env_file: [worker.env]\n    volumes: [orders:/orders]\n"
    )
    shop.file.write_text(text + "volumes: {orders: {}}\n")
    shop.compose("up", "-d", "--wait")
    volumes = volumes_of(shop.project)
    assert f"{shop.project}_orders" in volumes
    write = ("python3", "-c", "open('/orders/1', 'w').write('two boots')")
    docker("exec", "--user", "0", shop.containers()["worker"]["Id"], *write)
    written = chaoskit("compose", "overlay", str(shop.file), "--subnet", shop.subnet)
    override = shop.folder / "chaoskit.override.yaml"
    shop.compose("up", "-d", "--wait", files=(override,))
    assert set(shop.containers()) == {"web", "worker", "chaoskit"}
    (ours,) = volumes_of(shop.project) - volumes
    assert ours.startswith(f"{shop.project}_chaoskit-trust-"), "no volume that is there already is taken for it"
    advice = [line[11:] for line in written.stdout.partition("take away: ")[2].splitlines()]
    advice[0] = written.stdout.partition("take away: ")[2].splitlines()[0]
    for command in advice:
        subprocess.run(["sh", "-ec", command], env=os.environ | {"COMPOSE_PROJECT_NAME": shop.project}, check=True)
    assert set(shop.containers()) == {"web", "worker"}
    assert volumes_of(shop.project) == volumes
    assert f"{shop.project}_chaoskit" not in docker("network", "ls", "--format", "{{.Name}}").split()
    read = ("python3", "-c", "print(open('/orders/1').read())")
    assert docker("exec", shop.containers()["worker"]["Id"], *read).strip() == "two boots"


def volumes_of(project: str) -> set[str]:
    """The volumes of one project: other tests make and remove theirs at the same time."""
    return {name for name in docker("volume", "ls", "-q").split() if name.startswith(f"{project}_")}


def said_by(container: str, words: str) -> None:
    """Return when the container has printed ``words``."""
    with subprocess.Popen(["docker", "logs", "-f", container], stdout=subprocess.PIPE, text=True) as log:
        assert log.stdout is not None
        try:
            assert any(words in line for line in log.stdout)
        finally:
            log.kill()


def attach(shop: Shop, *words: str, out: Path) -> list[str]:
    blank = ("--blank", f"{DYNAMODB}@3s+4s", "--probe", "web=http://web:8080/health")
    return ["attach", "--project", shop.project, "--subnet", shop.subnet, "--out", str(out), "--yes", *blank, *words]


def test_attach_sees_the_app_fail_and_come_back_and_puts_it_back(shop: Shop, tmp_path: Path) -> None:
    shop.compose("up", "-d", "--wait")
    before = shop.containers()
    done = chaoskit(*attach(shop, out=tmp_path / "runs"))
    assert done.returncode == 0, done.stdout + done.stderr
    run = Run(read_journal(next((tmp_path / "runs").glob("*/journal.jsonl"))))
    askers = {query.asker for _, query in run.queries if query.faults}
    assert askers == {"web", "worker"}
    assert all(call.result == "ok" for call in run.calls_in("web", "baseline"))
    assert any(call.result == "failed" for call in run.calls_in("web", "fault"))
    assert run.recovery("web").lag_ns is not None
    after = shop.containers()
    assert set(after) == set(before)
    for name, one in after.items():
        assert one["HostConfig"]["Dns"] == before[name]["HostConfig"]["Dns"]
        assert sorted(one["Config"]["Env"]) == sorted(before[name]["Config"]["Env"])
        assert set(one["NetworkSettings"]["Networks"]) == set(before[name]["NetworkSettings"]["Networks"])
    assert shop.ours() == []


def started(shop: Shop, out: Path) -> subprocess.Popen[str]:
    """An ``attach`` whose experiment has begun."""
    words = [sys.executable, "-u", "-m", "chaoskit", *attach(shop, out=out)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        if "baseline" in line:
            return process
        said.append(line)
    pytest.fail(f"the experiment never began: {''.join(said)}")


def test_a_service_that_dies_in_the_run_is_part_of_the_verdict(shop: Shop, tmp_path: Path) -> None:
    shop.compose("up", "-d", "--wait")
    process = started(shop, tmp_path / "runs")
    docker("kill", shop.containers()["worker"]["Id"])
    said, _ = process.communicate(timeout=200)
    assert process.returncode == 1, said
    run = Run(read_journal(next((tmp_path / "runs").glob("*/journal.jsonl"))))
    (died,) = [event for _, event in run.of(ContainerChanged) if event.change == "died"]
    assert (died.client, died.exit_code) == ("worker", 137)
    assert run.origin <= died.at <= run.ends
    assert "containers_stay_up" in said
    assert f"ERROR container {shop.project}-worker-1: died with exit code 137" in said


def test_ctrl_c_puts_everything_back(shop: Shop, tmp_path: Path) -> None:
    shop.compose("up", "-d", "--wait")
    before = shop.containers()
    process = started(shop, tmp_path / "runs")
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=200)
    assert process.returncode == 130, said
    after = shop.containers()
    assert {name: sorted(one["Config"]["Env"]) for name, one in after.items()} == {
        name: sorted(one["Config"]["Env"]) for name, one in before.items()
    }
    assert shop.ours() == []
    assert [path.name for path in (tmp_path / "runs").glob("*/*")] == ["journal.jsonl"], "what was measured alone"


def test_after_kill_9_it_can_be_put_back(shop: Shop, tmp_path: Path) -> None:
    shop.compose("up", "-d", "--wait")
    before = shop.containers()
    process = started(shop, tmp_path / "runs")
    process.kill()
    process.communicate()
    assert shop.ours() != []
    again = chaoskit("attach", "--project", shop.project, "--dry-run")
    assert again.returncode == 2
    assert [path.name for path in tmp_path.glob("runs/*/*")] == ["journal.jsonl"], "what was measured alone"
    assert "--put-back" in again.stderr
    done = chaoskit("attach", "--project", shop.project, "--put-back")
    assert done.returncode == 0, done.stderr
    assert f"putting web, worker of project {shop.project} back" in done.stdout or "worker, web" in done.stdout
    assert shop.ours() + shop.measuring() == []
    assert {name: one["HostConfig"]["Dns"] for name, one in shop.containers().items()} == {
        name: one["HostConfig"]["Dns"] for name, one in before.items()
    }


def test_a_stack_whose_file_has_changed_is_not_touched(shop: Shop) -> None:
    shop.compose("up", "-d", "--wait")
    before = {name: one["Id"] for name, one in shop.containers().items()}
    shop.file.write_text(shop.file.read_text().replace("AWS_REGION=us-east-1", "AWS_REGION=eu-west-1"))
    done = chaoskit("attach", "--project", shop.project, "--yes")
    assert done.returncode == 2
    assert "worker runs with other settings" in done.stderr
    assert {name: one["Id"] for name, one in shop.containers().items()} == before


def test_a_dry_run_touches_nothing(shop: Shop) -> None:
    shop.compose("up", "-d", "--wait")
    before = {name: one["Id"] for name, one in shop.containers().items()}
    done = chaoskit("attach", "--project", shop.project, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "web: 1 container made anew" in done.stdout
    assert {name: one["Id"] for name, one in shop.containers().items()} == before


def test_a_project_that_does_not_run_is_named_with_those_that_do() -> None:
    done = chaoskit("attach", "--project", "no-such-project")
    assert done.returncode == 2
    assert "projects that run:" in done.stderr
