"""Compose files of other people's kinds, read and merged by Compose itself: what an override must take, keep, or tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docker.shop import chaoskit, docker, no_engine

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(bool(no_engine()), reason=f"no containers here: {no_engine()}"),
]


def overlaid(folder: Path, text: str, *words: str) -> tuple[dict[str, Any], str]:
    """The project as Compose merges it with the override, and what was said on standard error."""
    file = folder / "compose.yaml"
    file.write_text(text)
    done = chaoskit("compose", "overlay", str(file), *words)
    assert done.returncode == 0, done.stderr
    assert "docker compose config takes it" in done.stdout
    merged = docker("compose", "-f", str(file), "-f", str(folder / "chaoskit.override.yaml"), "config")
    read: dict[str, Any] = yaml.safe_load(merged)
    return read, done.stderr


def test_a_key_for_building_over_ssh(tmp_path: Path) -> None:
    """Compose 2.26 cannot print such a project as JSON."""
    (tmp_path / "key").touch()
    merged, _ = overlaid(tmp_path, 'services: {a: {build: {context: ., ssh: ["k=./key"]}}}\n')
    assert len(merged["services"]["a"]["dns"]) == 1


def test_a_stack_of_57_services(tmp_path: Path) -> None:
    merged, _ = overlaid(tmp_path, "services:\n" + "".join(f"  s{number}: {{image: x}}\n" for number in range(57)))
    asked = {service["dns"][0] for name, service in merged["services"].items() if name != "chaoskit"}
    assert len(asked) == 57


THEIRS = """\
services:
  dnsd: {image: x, networks: {n: {ipv4_address: 10.88.0.53, aliases: [ns]}}}
  a: {image: x, dns: 10.88.0.53, dns_search: lab.internal, networks: [n], volumes: ["data:/data"], depends_on: [dnsd]}
  b: {image: x, environment: {SSL_CERT_FILE: /etc/my/corp.pem, REQUESTS_CA_BUNDLE: /etc/my/corp.pem, OTHER: kept}}
volumes: {data: {}}
networks: {n: {ipam: {config: [{subnet: 10.88.0.0/24}]}}}
"""


def test_what_is_replaced_is_told_and_all_else_stays(tmp_path: Path) -> None:
    merged, said = overlaid(tmp_path, THEIRS)
    warnings = [line for line in said.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 2
    assert "a: dns: 10.88.0.53" in warnings[0]
    assert "b: SSL_CERT_FILE, REQUESTS_CA_BUNDLE" in warnings[1]
    services = merged["services"]
    assert services["dnsd"]["networks"]["n"] == {"aliases": ["ns"], "ipv4_address": "10.88.0.53"}
    assert services["a"]["dns_search"] == ["lab.internal"]
    assert "dnsd" in services["a"]["depends_on"]
    assert [volume["target"] for volume in services["a"]["volumes"]] == ["/data", "/chaoskit"]
    assert services["b"]["environment"]["OTHER"] == "kept"


def test_a_network_of_theirs_with_our_addresses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(THEIRS)
    done = chaoskit("compose", "overlay", str(tmp_path / "compose.yaml"), "--subnet", "10.88.0.0/20")
    assert done.returncode == 2
    assert "network n of" in done.stderr
    assert not (tmp_path / "chaoskit.override.yaml").exists()
