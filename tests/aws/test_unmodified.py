"""Other people's clients, unmodified, against the mock in the namespace sandbox: real host name, real TLS, libc's resolver, no endpoint."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from chaoskit.clock import WallClock
from chaoskit.engine.processes import LocalProcessManager
from chaoskit.experiment import plans
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import resolve
from chaoskit.journal.events import PlaneReady, QueryAnswered, RequestAnswered, RequestArrived
from chaoskit.journal.run import Run
from chaoskit.journal.store import Journal
from chaoskit.sandbox.environment import client_environment, plane_environment
from chaoskit.sandbox.namespace import NamespaceSandbox, probe
from tests.clients.built import aws_command, built_file

PATIENCE_S = 90
PLAN = """\
title: t
clients: {app: {use: noop}}
services: {dynamodb: {availability_zones: 3}}
duration: 9s
timeline:
  - {id: first, service: throttle, where: {service: dynamodb, first: 1}, when: {from: 0s, for: 5m}}
"""
NODE = """\
const { DynamoDBClient, GetItemCommand } = require("@aws-sdk/client-dynamodb");
new DynamoDBClient({}).send(new GetItemCommand({ TableName: "chaoskit", Key: { id: { S: "1" } } }))
  .then((answer) => console.log(JSON.stringify(answer.Item)));
"""
CLI = ["dynamodb", "get-item", "--table-name", "chaoskit", "--key", '{"id": {"S": "1"}}', "--query", "Item.id.S"]


async def call(work: Path, argv: list[str], extra: dict[str, str]) -> tuple[int, str, Run]:
    """Exit code and output of ``argv`` as a client of a run whose first request is throttled, and the run's journal."""
    spec = (experiment := resolve(read_document("x.yaml", PLAN), 1.0)).spec
    clock, journal = WallClock(), Journal()
    sandbox = NamespaceSandbox(work, [], [])
    await sandbox.open(["app"])
    environment = client_environment(work, work / "ca.pem", spec.region) | extra
    cast = LocalProcessManager(journal, clock, sandbox, plane_environment(work), environment)
    try:
        cast.start_plane("service", plans.service_plan(spec, experiment.planes["service"], str(work)))
        cast.start_plane("network", plans.network_plan(spec, [], None))
        cast.start_plane("dns", plans.dns_plan(spec, [], {"app": sandbox.resolver("app")}, ipv6=sandbox.ipv6))
        aws = await cast.ready("service")
        assert isinstance(aws, PlaneReady)
        proxies = plans.proxies(spec, aws.addresses["front"], sandbox.service, ipv6=sandbox.ipv6)
        cast.send("network", {"do": "populate", "proxies": proxies})
        await asyncio.gather(cast.ready("network"), cast.ready("dns"))
        cast.send("service", {"do": "arm", "origin": clock.now()})
        process = await asyncio.create_subprocess_exec(
            *sandbox.client_command("app", argv),
            env=environment,
            cwd=work,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
        for plane in ("network", "service", "dns"):
            await cast.stop([plane])
    finally:
        await cast.close()
        await sandbox.close()
    assert process.returncode is not None
    return process.returncode, said.decode(), Run(journal.entries)


def check(work: Path, argv: list[str], answer: str, agent: str, extra: dict[str, str] | None = None) -> None:
    """It asked our DNS, was throttled once, tried again by itself, and got the item."""
    possible, _, because = asyncio.run(probe(_folder(work, "probe")))
    if not possible:
        pytest.skip(f"no namespace sandbox here: {because}")
    code, said, run = asyncio.run(call(_folder(work, "run"), argv, extra or {}))
    assert (code, answer in said) == (0, True), said
    assert {query.asker for _, query in run.of(QueryAnswered)} == {"app"}
    arrived = [event for _, event in run.of(RequestArrived)]
    assert [event.operation for event in arrived] == ["GetItem", "GetItem"]
    assert all(agent in event.user_agent for event in arrived), arrived
    assert [event.attempt for event in arrived] == [1, 2]
    assert len({event.invocation for event in arrived}) == 1
    assert [event.faults for _, event in run.of(RequestAnswered)] == [("first",), ()]


def _folder(work: Path, name: str) -> Path:
    made = work / name
    made.mkdir()
    return made


@pytest.mark.slow
def test_the_aws_cli(tmp_path: Path) -> None:
    program = aws_command()
    if program is None:
        pytest.skip("there is no aws here; run: chaoskit clients build aws_cli")
    check(tmp_path, [*program, *CLI], '"1"', "aws-cli/")


@pytest.mark.slow
def test_node_s_sdk(tmp_path: Path) -> None:
    """The modules are those of the client that was built."""
    modules, node = built_file("javascript", "node_modules"), shutil.which("node")
    if node is None or modules is None:
        pytest.skip("AWS's SDK for JavaScript is not here; run: chaoskit clients build javascript")
    check(tmp_path, [node, "-e", NODE], '{"id":{"S":"1"}}', "aws-sdk-js/", {"NODE_PATH": modules})
