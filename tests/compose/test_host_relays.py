"""Services of one's own under ``attach``: where they are in the overlay, and the way to programs of this machine."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chaoskit.cli.attach import load_for
from chaoskit.compose.host_relays import HostRelays, inner_relays
from chaoskit.compose.overlay import make_override, resolver_keys
from chaoskit.compose.overlay_container import here
from chaoskit.compose.plan import lay_out
from chaoskit.compose.write import loopback_of
from chaoskit.errors import ExperimentError
from chaoskit.experiment.own_plans import backends_of, own_proxies, own_zones, relay_addresses
from chaoskit.experiment.schema import ExperimentSpec
from tests.compose.projects import project

SERVICES = """\
title: theirs
resolver: {search: [cluster.local], ndots: 5}
services:
  pay: {host: pay.example.internal, port: 443, tls: true, backend: static}
  db: {host: db.example.internal, port: 5432, backend: BACKEND}
"""


def loaded(folder: Path, backend: str) -> ExperimentSpec:
    (folder / "x.yaml").write_text(SERVICES.replace("BACKEND", backend))
    experiment, _ = load_for(str(folder / "x.yaml"), [], ["web", "store"])
    return experiment.spec


def test_a_service_of_the_project_answers_behind_our_proxy(tmp_path: Path) -> None:
    spec = loaded(tmp_path, "store:5432")
    plan = lay_out("x.yaml", ["web", "store"], loopback_of(spec))
    moved = here(spec, plan)
    ours = plan.addresses["127.0.3.2"]
    assert own_zones(moved, ipv6=False)["db.example.internal"]["records"][0]["data"] == ours
    fronts = {"own pay": "127.0.0.1:1", "own db": "127.0.0.1:2"}
    listens = own_proxies(moved, fronts, lambda address, port: f"{address}:{port}", ipv6=False)
    assert listens[1]["listen"] == f"{ours}:5432"
    assert backends_of(moved, relayed=False) == {"pay": "static", "db": "store:5432"}
    assert "dynamodb" not in moved.services, "nobody asks for AWS here"


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        (
            "worker:5432",
            r"x\.yaml:5: services\.db\.backend: 'worker:5432' is no app .* or one of: web:PORT, store:PORT",
        ),
        (
            "store",
            r"x\.yaml:5: services\.db\.backend: nothing says at which port the container store serves\. Write store:PORT",
        ),
        ("127.0.0.1:1", r"x\.yaml:5: services\.db\.backend: nobody answers at 127\.0\.0\.1:1"),
        ("instance-metadata, addresses: [169.254.169.254], speaks: http", "is no address of the network of a run"),
    ],
)
def test_a_backend_that_cannot_be_is_told_with_its_line(tmp_path: Path, backend: str, message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        loaded(tmp_path, backend)


def test_the_override_has_the_resolver_s_settings_and_sockets(tmp_path: Path) -> None:
    spec = loaded(tmp_path, "echo")
    plan = replace(lay_out("x.yaml", ["web"], []), resolver=resolver_keys(spec.resolver), sockets="/run/x")
    services = make_override(project(web={}), ["web"], plan, "chaoskit:test")["services"]
    assert services["web"]["dns_search"] == ["cluster.local"]
    assert services["web"]["dns_opt"] == ["ndots:5"]
    assert "/run/x:/run/chaoskit-host:ro" in services["chaoskit"]["volumes"]


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.0/8 is this machine's own on Linux")
def test_bytes_go_from_the_container_to_the_host_s_program(tmp_path: Path) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read())
        writer.close()

    failures: list[str] = []
    stage: Any = SimpleNamespace(fail=lambda part, message: failures.append(message))

    async def ask() -> bytes:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        spec = loaded(tmp_path, f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with server:
            with HostRelays(spec, tmp_path / "backends") as relays:
                assert relays.mount == str(tmp_path / "backends")
                async with inner_relays(spec, stage, tmp_path / "backends"):
                    reader, writer = await asyncio.open_connection(*relay_addresses(spec)["db"])
                    writer.write(b"hello")
                    writer.write_eof()
                    answer = await reader.read()
                    writer.close()
                assert relays.failure is None
        return answer

    assert asyncio.run(asyncio.wait_for(ask(), 30)) == b"hello"
    assert not failures
