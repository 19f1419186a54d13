"""A real stack comes back from ``attach`` exactly as it was, and what could not is not touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docker.shop import Shop, chaoskit, docker, no_engine
from tests.docker.shop import shop as shop  # noqa: PLC0414
from tests.docker.shop import shop_image as shop_image  # noqa: PLC0414
from tests.docker.test_overlay import attach, image, started  # noqa: F401

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(400),
    pytest.mark.skipif(bool(no_engine()), reason=f"no containers here: {no_engine()}"),
]
HASH = "com.docker.compose.config-hash"


def hashes(shop: Shop) -> dict[str, str]:
    return {name: one["Config"]["Labels"][HASH] for name, one in shop.containers().items()}


def add(shop: Shop, service: str) -> None:
    """One more service in the stack's file."""
    text = shop.file.read_text()
    shop.file.write_text(text.replace("networks:\n  back: {}", f"{service}networks:\n  back: {{}}"))


def test_a_service_comes_back_with_its_dependencies(shop: Shop, tmp_path: Path) -> None:
    shop.compose("up", "-d", "--wait")
    before, web = hashes(shop), shop.containers()["web"]["Id"]
    words = attach(shop, "--service", "worker", out=tmp_path / "runs")
    done = chaoskit(*words[: words.index("--probe")], *words[words.index("--probe") + 2 :])
    assert "worker as before" in done.stdout, done.stdout + done.stderr
    assert hashes(shop) == before
    assert shop.containers()["web"]["Id"] == web
    assert shop.ours() == []


def test_a_service_that_was_unwell_is_put_back_all_the_same(shop: Shop, tmp_path: Path) -> None:
    test = "[CMD, python3, -c, \"import os, sys; sys.exit(not os.path.exists('/tmp/ok'))\"]"
    check = f"{{test: {test}, interval: 1s, timeout: 10s, retries: 2}}"
    ill = f"image: chaoskit-test-shop, command: [worker], init: true, healthcheck: {check}"
    add(shop, f"  ill: {{{ill}}}\n")
    shop.compose("up", "-d", "ill")
    docker("exec", shop.containers()["ill"]["Id"], "touch", "/tmp/ok")
    shop.compose("up", "-d", "--wait", "ill")
    before = hashes(shop)
    done = chaoskit("attach", "--project", shop.project, "--subnet", shop.subnet, "--out", str(tmp_path), "--yes")
    assert done.returncode == 4
    assert "is unhealthy" in done.stderr
    assert shop.ours() == []
    assert hashes(shop) == before
    again = chaoskit("attach", "--project", shop.project, "--put-back")
    assert (again.returncode, again.stdout) == (0, "")


def test_who_shares_the_network_of_a_service_keeps_it(shop: Shop) -> None:
    add(shop, '  side:\n    image: chaoskit-test-shop\n    command: [worker]\n    network_mode: "service:web"\n')
    shop.compose("up", "-d", "--wait")
    before = {name: one["Id"] for name, one in shop.containers().items()}
    done = chaoskit("attach", "--project", shop.project, "--subnet", shop.subnet, "--service", "web", "--yes")
    assert done.returncode == 2
    assert "side-1 is in the network namespace of web" in done.stderr
    assert {name: one["Id"] for name, one in shop.containers().items()} == before


def test_a_second_attach_leaves_the_first_alone(shop: Shop, tmp_path: Path) -> None:
    shop.compose("up", "-d", "--wait")
    first = started(shop, tmp_path / "runs")
    for words in (["--service", "worker", "--yes"], ["--put-back"]):
        done = chaoskit("attach", "--project", shop.project, *words)
        assert done.returncode == 2, done.stdout
        assert f"an attach is at work on it (process {first.pid}" in done.stderr
    said, _ = first.communicate(timeout=200)
    assert first.returncode == 0, said
    assert shop.ours() == []
