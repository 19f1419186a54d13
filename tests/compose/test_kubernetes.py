"""The Kubernetes manifests, without a cluster: they parse, agree with each other and with what is shipped, and are locked down."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from chaoskit import __version__
from chaoskit.compose.kubernetes_job import arguments, plan_for
from chaoskit.errors import InputError

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "docker" / "kubernetes"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
OBJECTS = [one for name in KUSTOMIZATION["resources"] for one in yaml.safe_load_all((FOLDER / name).read_text()) if one]


def of(kind: str, name: str) -> Any:
    (found,) = [one for one in OBJECTS if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


PODS = {name: of(kind, name)["spec"]["template"] for kind, name in (("Job", "experiment"), ("Deployment", "app"))}


def containers(pod: Any) -> list[Any]:
    return [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]


def test_every_manifest_is_in_the_kustomization() -> None:
    written = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml", "experiment.yaml"}
    assert written == set(KUSTOMIZATION["resources"])


def test_the_image_is_of_this_version() -> None:
    assert KUSTOMIZATION["images"] == [{"name": "chaoskit", "newName": "chaoskit", "newTag": __version__}]
    assert {one["image"] for pod in PODS.values() for one in containers(pod)} == {"chaoskit"}


def test_the_experiment_is_the_shipped_one() -> None:
    shipped = ROOT / "experiments" / "first" / "ten-seconds.yaml"
    assert (FOLDER / "experiment.yaml").read_bytes() == shipped.read_bytes()


@pytest.mark.parametrize("service", ["dns", "trust", "app"])
def test_each_service_meets_a_pod_and_a_port_of_it(service: str) -> None:
    spec = of("Service", service)["spec"]
    (pod,) = [one for one in PODS.values() if spec["selector"].items() <= one["metadata"]["labels"].items()]
    ports = {port["name"]: port.get("protocol", "TCP") for one in containers(pod) for port in one.get("ports", ())}
    for port in spec["ports"]:
        assert ports[port["targetPort"]] == port.get("protocol", "TCP")


def test_coredns_is_sent_to_the_services_address() -> None:
    snippet = (FOLDER / "coredns-stub.conf").read_text()
    addresses = {line.split()[2] for line in snippet.splitlines() if line.strip().startswith("forward")}
    assert addresses == {of("Service", "dns")["spec"]["clusterIP"]}
    assert "cache" not in [
        line.split()[0] for line in snippet.splitlines() if line.strip() and not line.startswith("#")
    ]
    assert snippet.count("{") == snippet.count("}") == 4


@pytest.mark.parametrize("name", PODS)
def test_pods_are_as_pod_security_restricted_wants_them(name: str) -> None:
    spec = PODS[name]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for sysctl in spec["securityContext"].get("sysctls", ()):
        assert sysctl["name"] == "net.ipv4.ip_unprivileged_port_start"  # a safe one
    for one in containers(PODS[name]):
        locked = one.get("securityContext") or next(
            other["securityContext"] for other in containers(PODS[name]) if "securityContext" in other
        )
        assert locked["allowPrivilegeEscalation"] is False
        assert locked["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("name", PODS)
def test_each_mount_has_its_volume_and_each_volume_its_source(name: str) -> None:
    spec = PODS[name]["spec"]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert {mount["name"] for one in containers(PODS[name]) for mount in one["volumeMounts"]} == set(volumes)
    made = {generator["name"] for generator in KUSTOMIZATION["configMapGenerator"]}
    assert {one["configMap"]["name"] for one in volumes.values() if "configMap" in one} <= made


def test_the_jobs_words_give_a_plan() -> None:
    (experiment,) = of("Job", "experiment")["spec"]["template"]["spec"]["containers"]
    assert experiment["command"] == ["python3", "-m", "chaoskit.compose.kubernetes_job"]
    wanted = arguments(experiment["args"])
    assert str(wanted.experiment) == "/experiment/experiment.yaml"
    here = arguments([*experiment["args"], "--experiment", str(FOLDER / "experiment.yaml")])
    plan = plan_for(here, "10.244.0.7", "10.0.0.0/8")
    assert plan.resolvers == {"app": "10.244.0.7"}
    assert set(plan.addresses.values()) == {"10.244.0.7"}
    assert plan.probes == {"app": "http://app:8080/health"}


def test_an_experiment_of_several_services_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text("title: t\nservices: [dynamodb, sts]\n")
    with pytest.raises(InputError, match="a pod has one"):
        plan_for(arguments(["--experiment", str(path)]), "10.244.0.7", "10.0.0.0/8")


@pytest.mark.parametrize("tool", [["kustomize", "build"], ["kubectl", "kustomize"]])
def test_kustomize_builds_it(tool: list[str]) -> None:
    if shutil.which(tool[0]) is None:
        pytest.skip(f"{tool[0]} is not here")
    done = subprocess.run([*tool, str(FOLDER)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    built = [one for one in yaml.safe_load_all(done.stdout) if one]
    assert len(built) == len(OBJECTS) + len(KUSTOMIZATION["configMapGenerator"])
    assert f"image: chaoskit:{__version__}" in done.stdout


@pytest.mark.parametrize("version", ["1.29", "1.37"])
def test_every_manifest_is_valid_for_the_api(version: str) -> None:
    """Strictly: an unknown field is a mistake. 1.29 is the oldest that has the sidecar; the schemas come with the package."""
    validate = pytest.importorskip(
        "kubernetes_validate", reason="pip install -e '.[manifests]' brings the schemas"
    ).validate
    for one in OBJECTS:
        validate(one, version, strict=True)
    broken = {**of("Job", "experiment"), "sepc": {}}
    with pytest.raises(Exception, match="sepc"):
        validate(broken, version, strict=True)


def test_another_experiment_changes_no_job() -> None:
    """A Job is immutable: with a hash of the experiment in a name in it, the second ``kubectl apply -k`` would be refused."""
    (generator,) = [one for one in KUSTOMIZATION["configMapGenerator"] if one["name"] == "experiment"]
    assert generator["options"]["disableNameSuffixHash"] is True


KUBECTL = """\
#!/bin/sh
echo "$*" >> "$RECORD"
case "$*" in
  *"for=condition=$ENDS "*) exit 0;;
  *wait*) [ "$ENDS" = never ] && exit 1; exec sleep 600;;
  *logs*) echo '{"seq": 1}';;
esac
"""


def play(place: Path, ends: str, code: int = 0) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """``docker/kubernetes/play`` where a Job ends in this condition, and what ``kubectl`` was asked."""
    for name, text in (("kubectl", KUBECTL), ("chaoskit", f"#!/bin/sh\necho judged $2\nexit {code}\n")):
        (place / name).write_text(text)
        (place / name).chmod(0o755)
    record = place / "asked"
    environment = os.environ | {"PATH": f"{place}:{os.environ['PATH']}", "RECORD": str(record), "ENDS": ends}
    done = subprocess.run(
        [FOLDER / "play"], cwd=place, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return done, record.read_text().splitlines()


@pytest.mark.parametrize(("ends", "code"), [("complete", 0), ("failed", 1), ("failed", 3)])
def test_a_job_that_failed_is_told_at_once(tmp_path: Path, ends: str, code: int) -> None:
    """It will never be complete: who waited for that alone waited ten minutes."""
    done, asked = play(tmp_path, ends, code)
    assert (done.returncode, done.stdout) == (code, "judged journal.jsonl\n"), done.stderr
    assert (tmp_path / "journal.jsonl").read_text() == '{"seq": 1}\n'
    assert asked[:2] == [
        "--namespace chaoskit delete job/experiment --ignore-not-found",
        f"apply --kustomize {FOLDER}",
    ]


def test_a_job_that_does_not_end_is_told_with_its_pods(tmp_path: Path) -> None:
    done, asked = play(tmp_path, "never")
    assert done.returncode == 4
    assert "the Job did not end; its pods:" in done.stderr
    assert asked[-1] == "--namespace chaoskit get pods"


def test_nothing_but_the_job_is_removed() -> None:
    removing = [line for line in (FOLDER / "play").read_text().splitlines() if " delete " in line]
    assert removing == ["kube delete job/experiment --ignore-not-found"]
