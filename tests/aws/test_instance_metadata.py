"""The built-in instance metadata service: tokens first, as IMDSv2 wants them, and botocore's own client gets credentials from it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from botocore.utils import InstanceMetadataFetcher

from chaoskit.aws.metadata_paths import documents_in, text_at
from chaoskit.engine import preflight
from chaoskit.errors import ExperimentError
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import Experiment, resolve
from chaoskit.journal.events import RequestArrived
from tests.aws.test_own_fronts import PATIENCE_S, Bench

TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"
DOCUMENTS = documents_in("eu-west-1", {"LastUpdated": "2025-10-20T06:48:00Z"})


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, {"name": "metadata", "backend": "instance-metadata"})
    yield bench
    bench.fronts.stop()
    assert bench.failures == []


def ask(bench: Bench, method: str, path: str, **fields: str) -> tuple[int, str]:
    with closing(http.client.HTTPConnection(*bench.place("metadata"), timeout=PATIENCE_S)) as client:
        client.request(method, path, headers={name.replace("_", "-"): value for name, value in fields.items()})
        response = client.getresponse()
        return response.status, response.read().decode()


def test_botocore_gets_credentials(bench: Bench) -> None:
    host, port = bench.place("metadata")
    keys = InstanceMetadataFetcher(base_url=f"http://{host}:{port}/", num_attempts=1).retrieve_iam_role_credentials()
    assert (keys["role_name"], keys["access_key"]) == ("chaoskit-role", "ASIAIOSFODNN7EXAMPLE")
    assert [event.operation for event in bench.of(RequestArrived)] == [
        "PUT /latest/api/token",
        "GET /latest/meta-data/iam/security-credentials/",
        "GET /latest/meta-data/iam/security-credentials/chaoskit-role",
    ]


def test_nothing_is_told_without_a_token(bench: Bench) -> None:
    path = "/latest/meta-data/placement/region"
    assert ask(bench, "GET", path)[0] == 401
    assert ask(bench, "GET", path, **{TOKEN: "made-up"})[0] == 401
    status, token = ask(bench, "PUT", "/latest/api/token", **{TTL: "60"})
    assert status == 200
    assert ask(bench, "GET", path, **{TOKEN: token}) == (200, "eu-west-1")
    assert ask(bench, "GET", "/latest/meta-data/nothing", **{TOKEN: token})[0] == 404
    assert ask(bench, "POST", path, **{TOKEN: token})[0] == 405


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/latest/", "dynamic\nmeta-data"),
        ("/2009-04-04/meta-data/instance-id", "i-1234567890abcdef0"),
        ("/latest/meta-data/placement", "availability-zone\nregion"),
        ("/latest/meta-data/iam/security-credentials/", "chaoskit-role"),
        ("/latest/meta-data/placement/availability-zone/", "eu-west-1a"),
        ("/latest/meta-data/plac", None),
        ("/latest/user-data", None),
        ("/1999-01-01/meta-data/instance-id", None),
    ],
)
def test_paths_are_those_that_clients_ask(path: str, text: str | None) -> None:
    assert text_at(path, DOCUMENTS) == text


def crawled(path: str) -> dict[str, str]:
    """What a client such as cloud-init reads that follows the listings from ``path`` on."""
    listing = text_at(path, DOCUMENTS)
    assert listing is not None
    pages: dict[str, str] = {}
    for name in listing.splitlines():
        below = f"{path}{name}"
        text = text_at(below, DOCUMENTS)
        assert text is not None
        pages |= crawled(below) if name.endswith("/") else {below: text}
    return pages


def test_a_crawl_of_the_listings_comes_to_every_document() -> None:
    pages = crawled("/latest/meta-data/") | crawled("/latest/dynamic/")
    assert pages == {f"/latest/{path}": text for path, text in DOCUMENTS.items()}


@pytest.mark.parametrize("ttl", ["0", "21601", "soon", ""])
def test_a_token_has_a_length_of_life(bench: Bench, ttl: str) -> None:
    assert ask(bench, "PUT", "/latest/api/token", **{TTL: ttl})[0] == 400
    assert ask(bench, "PUT", "/latest/api/token", **{TTL: "60", "X_Forwarded_For": "10.0.0.1"})[0] == 403


def experiment(service: str) -> Experiment:
    text = f"title: t\nduration: 1s\nservices:\n  metadata: {{host: instance-data.ec2.internal, port: 80, {service}}}\n"
    return resolve(read_document("x.yaml", text), 1.0)


@pytest.mark.parametrize(
    ("service", "message"),
    [
        ("backend: instance-metadata", r"x\.yaml:4: .*write addresses: \[169\.254\.169\.254\], and no tls"),
        ("backend: instance-metadata, addresses: [169.254.169.254], tls: true", "and no tls"),
        ("backend: instance-metadata, addresses: [169.254.169.254], speaks: tcp", "speaks HTTP; add speaks: http"),
        ("backend: static, addresses: [169.254.1.1]", r"169\.254\.1\.1 is not a loopback address"),
    ],
)
def test_it_is_at_its_address_and_nothing_else_is(service: str, message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        experiment(service)


def test_it_needs_the_namespace_sandbox() -> None:
    plan = experiment("backend: instance-metadata, addresses: [169.254.169.254]")
    assert plan.spec.link_local == ("169.254.169.254",)
    with pytest.raises(ExperimentError, match=r"x\.yaml:4: services\.metadata\.addresses: .* Use --sandbox namespace"):
        preflight.check(plan, "inline")
    with pytest.raises(ExperimentError, match=r"is for a service of your own"):
        resolve(read_document("x.yaml", "title: t\nservices: {dynamodb: {addresses: [169.254.169.254]}}\n"), 1.0)
