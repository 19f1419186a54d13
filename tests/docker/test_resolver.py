"""Docker's resolver as it is on this engine, what glibc and musl make of it, and the doctor who walks through a container."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from chaoskit.compose.engine import Docker
from chaoskit.compose.examine import find_libc
from chaoskit.compose.faulty import CASES, name_of
from chaoskit.compose.helper import OWNER_LABEL, Row, faulty_server, measure, remove_measuring
from chaoskit.compose.overlay import IMAGE
from chaoskit.errors import HarnessError
from tests.docker.shop import APP, Shop, chaoskit, docker, no_engine
from tests.docker.shop import shop as shop  # noqa: PLC0414
from tests.docker.shop import shop_image as shop_image  # noqa: PLC0414

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("resolver"),  # it is measured once
    pytest.mark.skipif(bool(no_engine()), reason=f"no containers here: {no_engine()}"),
]
QUICK = [case for case in CASES if case not in ("dropped", "aaaa-dropped", "late-3s", "late-4500ms")]
MUSL_LOADERS = [Path(f"/lib/ld-musl-{machine}.so.1") for machine in ("x86_64", "aarch64")]


@pytest.fixture(scope="session", autouse=True)
def image() -> None:
    """chaoskit's own image, of this code."""
    if not no_engine():
        done = chaoskit("docker", "build")
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return {row.case: row for row in measure(Docker(), IMAGE)}


def test_ordinary_answers_pass_as_they_are(rows: dict[str, Row]) -> None:
    for case, says, code in (
        ("honest", "NOERROR", 0),
        ("empty", "NODATA", -5),
        ("nxdomain", "NXDOMAIN", -2),
        ("servfail", "SERVFAIL", -3),
    ):
        row = rows[case]
        assert (row.direct.says, row.through.says, row.libc.code) == (says, says, code), case


def test_refused_passes_or_becomes_servfail(rows: dict[str, Row]) -> None:
    assert rows["refused"].direct.says == "REFUSED"
    assert rows["refused"].through.says in ("REFUSED", "SERVFAIL")  # engine 20.10 and 26
    assert rows["refused"].libc.code == -3


def test_an_answer_after_more_than_4_s_is_lost(rows: dict[str, Row]) -> None:
    assert rows["late-3s"].through.says == "NOERROR"
    assert rows["late-4500ms"].direct.says == "NOERROR"
    assert rows["late-4500ms"].through.says in ("silence", "SERVFAIL")
    assert rows["late-4500ms"].libc.code == -3


def test_nothing_of_the_measuring_is_left(rows: dict[str, Row]) -> None:
    ours = ("--filter", f"name=chaoskit-doctor-{os.getpid()}", "-q")
    assert docker("ps", "-a", *ours).split() == []
    assert docker("network", "ls", *ours).split() == []


def test_what_a_killed_attach_measured_with_is_removed() -> None:
    project = f"killed-{uuid.uuid4().hex[:8]}"
    mine = ("--filter", f"label={OWNER_LABEL}={project}", "-q")
    left = ["not looked"]
    with suppress(HarnessError), faulty_server(Docker(), IMAGE, project):  # it misses its network at the end
        assert docker("ps", *mine).split()
        remove_measuring(Docker(), project)
        left = [*docker("ps", "-a", *mine).split(), *docker("network", "ls", *mine).split()]
    assert left == []


@pytest.fixture(params=["static", "dynamic"])
def musl_image(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A program of musl's in an image with nothing else in it: no shell, no tool."""
    if shutil.which("musl-gcc") is None:
        pytest.skip("musl-gcc is not here (Debian: musl-tools)")
    flags = ["-static"] if request.param == "static" else []
    done = subprocess.run(
        ["musl-gcc", *flags, "-o", str(tmp_path / "lookup"), str(APP / "lookup.c")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    lines = ["FROM scratch", "COPY lookup /lookup"]
    if request.param == "dynamic":
        (loader,) = [path for path in MUSL_LOADERS if path.exists()]
        shutil.copy(loader.resolve(), tmp_path / loader.name)
        lines.append(f"COPY {loader.name} {loader}")
    (tmp_path / "Dockerfile").write_text("\n".join([*lines, 'ENTRYPOINT ["/lookup"]', ""]))
    tag = f"chaoskit-test-musl-{request.param}"
    docker("build", "-q", "-t", tag, str(tmp_path))
    yield tag
    docker("rmi", "-f", tag)


def test_musl_reads_the_same_answers_in_its_own_way(musl_image: str) -> None:
    engine = Docker()
    name = f"chaoskit-test-{uuid.uuid4().hex[:8]}"
    with faulty_server(engine, IMAGE) as (network, server):
        try:
            docker("create", "--name", name, "--network", network, "--dns", server, musl_image, *map(name_of, QUICK))
            docker("start", "-a", name)
            said = docker("logs", name)
            libc = find_libc(engine, name, "/lookup", "/")
        finally:
            docker("rm", "-f", name)
    codes = {line.split()[0]: int(line.split()[1]) for line in said.splitlines()}
    assert libc.kind == "musl"
    assert codes[name_of("honest")] == 0
    assert codes[name_of("nxdomain")] == -2
    assert codes[name_of("servfail")] == -3
    assert codes[name_of("refused")] == -3
    # EAI_NODATA came with musl 1.2.4; before it an empty record was EAI_NONAME.
    old = libc.version.startswith(("before", "1.1.", "1.2.0", "1.2.1", "1.2.2", "1.2.3"))
    assert codes[name_of("empty")] in ((-2, -5) if not libc.version else (-2,) if old else (-5,))


def test_the_doctor_walks_through_a_container_under_the_overlay(shop: Shop) -> None:
    chaoskit("compose", "overlay", str(shop.file), "--subnet", shop.subnet)
    override = shop.folder / "chaoskit.override.yaml"
    shop.compose("up", "-d", "--wait", files=(override,))
    web = shop.containers()["web"]["Name"].removeprefix("/")
    done = chaoskit("doctor", "--container", web, env=None)
    said = " ".join(done.stdout.split())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "glibc" in said
    assert "0 bypasses" in said
    assert "it knows canary.chaoskit.test" in said


def test_the_doctor_names_each_bypass_without_the_overlay(shop: Shop) -> None:
    shop.compose("up", "-d", "--wait")
    web = shop.containers()["web"]["Name"].removeprefix("/")
    done = chaoskit("doctor", "--container", web)
    said = " ".join(done.stdout.split())
    assert done.returncode == 1, done.stderr
    assert "dns: has 2 servers" in said
    assert "is not what answers" in said


def test_the_doctor_asks_for_a_container_that_is_there() -> None:
    done = chaoskit("doctor", "--container", "no-such-container")
    assert done.returncode == 2
    assert "there is no container 'no-such-container'" in done.stderr
