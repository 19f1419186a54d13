"""Apps, services and probes of one's own in a file: what the planes are told, and what is refused."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.dns.message import Query
from chaoskit.dns.zone import Zones
from chaoskit.errors import ExperimentError, InputError
from chaoskit.experiment import own_plans, plans
from chaoskit.experiment.allowed import add_allowed, parse_allowed
from chaoskit.experiment.document import read_document
from chaoskit.experiment.json_schema import json_schema
from chaoskit.experiment.loader import Experiment, resolve
from chaoskit.network.toxics.recycle import Recycle
from chaoskit.units import SECOND

GOOD = """title: t
duration: 9s
apps:
  web: {argv: [./web.py, --quick], env: {PORT: 8080, DEBUG: true}, ready: http://localhost:8080/health}
services:
  api: {host: api.example.internal, aliases: [www.example.internal], port: 443, tls: true, backend: web}
  db: {host: db.example.internal, port: 5432, backend: 127.0.0.1:9000}
  raw: {host: raw.example.internal, port: 7000, backend: echo, availability_zones: 2}
clients:
  visitor: {use: http, url: 'https://api.example.internal/items', rate: 50, concurrency: 4, expect: {status: 200}}
"""
HTTP = "use: http, url: 'https://api.example.internal/items'"


def experiment(text: str) -> Experiment:
    return resolve(read_document("shop/x.yaml", text), 1.0)


def wrong(text: str) -> str:
    with pytest.raises(ExperimentError) as caught:
        experiment(text)
    return str(caught.value)


def test_each_service_has_zones_made_from_its_names() -> None:
    zones = Zones.from_plan(plans.zones(experiment(GOOD).spec))
    for name, address in (
        ("api.example.internal", "127.0.3.1"),
        ("www.example.internal", "127.0.3.1"),
        ("db.example.internal", "127.0.3.2"),
    ):
        answer = zones.answer(Query(name, "A", "udp", "app", "127.0.0.1", None, 1))
        assert [record.data for record in answer.records] == [address]
    assert plans.services_of(experiment(GOOD).spec) == {}, "no AWS service is added"


def test_each_address_has_a_proxy_at_the_service_s_own_port() -> None:
    spec = experiment(GOOD).spec
    fronts = {own_plans.front_key(name): f"127.0.0.1:{number}" for number, name in enumerate(spec.own_services, 1)}
    proxies = own_plans.own_proxies(spec, fronts, lambda address, port: f"{address}:{port}", ipv6=True)
    assert [(proxy["name"], proxy["listen"], proxy["upstream"], proxy["zone"]) for proxy in proxies] == [
        ("api@127.0.3.1", "127.0.3.1:443", "127.0.0.1:1", None),
        ("db@127.0.3.2", "127.0.3.2:5432", "127.0.0.1:2", None),
        ("raw@127.42.1.1", "127.42.1.1:7000", "127.0.0.1:3", 1),
        ("raw@127.42.2.1", "127.42.2.1:7000", "127.0.0.1:3", 2),
    ]
    assert own_plans.published_key(spec, "db@127.0.3.2") == "127.0.3.2:5432"
    assert own_plans.published_key(spec, "dynamodb@127.0.1.1") == "127.0.1.1"


def test_a_backend_of_the_machine_is_relayed_into_a_loopback() -> None:
    spec = experiment(GOOD).spec
    assert own_plans.outside_backends(spec) == {"db": ("127.0.0.1", 9000)}
    assert own_plans.backends_of(spec, relayed=False) == {
        "api": "127.0.0.1:8080",
        "db": "127.0.0.1:9000",
        "raw": "echo",
    }
    assert own_plans.backends_of(spec, relayed=True)["db"] == "127.0.4.1:9000"


def test_http_is_read_at_its_ports_and_where_the_file_says_so() -> None:
    spec = experiment(GOOD).spec
    assert {name: service.speaks_http for name, service in spec.own_services.items()} == {
        "api": True,
        "db": False,
        "raw": False,
    }
    fronts = own_plans.fronts_plan(spec, own_plans.backends_of(spec, relayed=False))
    assert [(front["name"], front["tls"], front["http"]) for front in fronts] == [
        ("api", True, True), ("db", False, False), ("raw", False, False)
    ]  # fmt: skip


def test_an_app_s_paths_are_taken_from_the_file_s_folder() -> None:
    spec = experiment(GOOD).spec
    plan = own_plans.app_plan("web", spec.apps["web"], "/srv/shop/x.yaml", "/logs")
    assert (plan["argv"], plan["cwd"]) == (["/srv/shop/web.py", "--quick"], "/srv/shop")
    assert plan["env"] == {"PORT": "8080", "DEBUG": "true"}
    assert plan["health"] == "http://localhost:8080/health"


def test_a_probe_s_plan_has_its_pace_and_what_it_expects() -> None:
    spec = experiment(GOOD).spec
    plan = plans.client_plan("visitor", spec.clients["visitor"], spec.region)
    assert (plan["every_ns"], plan["concurrency"], plan["statuses"]) == (SECOND // 50, 4, [200])


def test_a_fault_of_a_name_meets_its_aliases_too() -> None:
    fault = "timeline: [{dns: empty, where: api.example.internal, when: {from: 1s, for: 1s}}]\n"
    (injection,) = experiment(GOOD + fault).planes["dns"]
    assert injection.where.aliases == ("www.example.internal",)


def test_recycle_has_a_short_form() -> None:
    fault = "timeline: [{network: {recycle: 5s}, where: db, when: {from: 1s, for: 1s}}]\n"
    (injection,) = experiment(GOOD + fault).planes["network"]
    assert injection.fault == Recycle(5 * SECOND)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("backend: web}", "backend: wob}", "x.yaml:6: services.api.backend: 'wob' is no app of this experiment"),
        ("backend: web}", "backend: 10.0.0.1:80}", "10.0.0.1:80 is not on this machine's loopback"),
        ("host: db.example.internal", "host: db", "'db' is no full host name"),
        ("host: db.example.internal", "host: www.example.internal", "www.example.internal is the name of api already"),
        ("port: 5432", "port: 70000", "x.yaml:7: services.db.port"),
        ("  db: {host", "  sqs: {host", "the name 'sqs' is AWS's"),
        ("backend: echo", "backend: static", "the backend 'static' speaks HTTP"),
        ("backend: echo", "backend: echo, max_requests: 3", "max_requests is HTTP's"),
        ("backend: echo", "backend: echo, addresses: [127.0.3.1], port: 443", "written twice"),
        ("  db: {", "  mongo: {}\n  db: {", "there is no mock of AWS's called 'mongo'"),
        ("port: 443, tls", "prot: 443, tls", "services.api.prot: there is no such field. Did you mean 'port'?"),
        (", ready: http://localhost:8080/health", "", "nothing says at which port web serves"),
        ("http://localhost:8080/health", "http://example.com/", "is not at localhost"),
        ("http://localhost:8080/health", "https://localhost/", "is asked inside the sandbox over plain HTTP"),
        ("web: {argv", "dns: {argv", "the name 'dns' is chaoskit's own"),
        ("web: {argv", "visitor: {argv", "the name 'visitor' is a client's"),
        ("rate: 50", "rate: 50, every: 1s", "write either 'every' or 'rate'"),
        ("rate: 50", "retry_mode: standard", "clients.visitor.retry_mode: 'use: http' has no such setting"),
        ("rate: 50", "connection: burst", "Use cold or warm"),
        ("https://api", "ftp://api", "http cannot ask 'ftp://api.example.internal/items'"),
        ("use: http, url", "use: boto3, url", "'use: boto3' has no such setting. It is for: use: http"),
        (HTTP, "use: tcp, address: db", "tcp cannot connect"),
        (HTTP, "use: tcp, address: 'db:1'", "expect.status: answers of 'use: tcp' have none"),
        (HTTP, "use: redis, url: 'http://x'", "redis cannot ask"),
        (HTTP, "use: postgres", "postgres needs 'url'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_the_line_and_the_cure(old: str, new: str, message: str) -> None:
    assert old in GOOD
    assert message in wrong(GOOD.replace(old, new))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("service: error, where: db", "db is passed on byte by byte"),
        ("service: expired, where: api", "about AWS's signatures"),
        ("service: error, where: {service: api, operation: GetItem}", "named by method and path"),
        ("process: kill, where: wob", "'wob' cannot have this fault. Name one of: visitor, web."),
    ],
)
def test_faults_that_could_meet_nothing_are_refused(fault: str, message: str) -> None:
    assert message in wrong(f"{GOOD}timeline: [{{{fault}, when: {{from: 1s, for: 1s}}}}]\n")


def test_the_schema_takes_services_of_both_kinds() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    written: dict[str, Any] = read_document("x", GOOD).data
    assert validator.is_valid(written)
    assert validator.is_valid(written | {"services": ["dynamodb"]})
    assert validator.is_valid({"title": "t", "services": {"dynamodb": {"ttl": "3s"}}})
    assert not validator.is_valid({"title": "t", "services": {"mongo": {"ttl": "3s"}}})


def test_allow_adds_a_service_or_moves_one_that_the_file_has() -> None:
    data = read_document("x", GOOD).data
    add_allowed(data, ["db.example.internal:5432=127.0.0.1:6000", "db.other.internal:5432=[::1]:6001"])
    assert data["services"]["db"]["backend"] == "127.0.0.1:6000"
    assert data["services"]["db-2"] == {"host": "db.other.internal", "port": 5432, "backend": "[::1]:6001"}
    named: dict[str, Any] = {"services": ["dynamodb"]}
    add_allowed(named, ["9.example.internal:1=localhost:2"])
    assert set(named["services"]) == {"dynamodb", "service-9"}


@pytest.mark.parametrize(
    "written",
    ["db:5432=127.0.0.1:1", "db.example.internal=127.0.0.1:1", "a.b:1=10.0.0.1:1", "a.b:1=", "a.b:0=127.0.0.1:1"],
)
def test_an_allow_that_cannot_be_is_told_with_the_cure(written: str) -> None:
    with pytest.raises(InputError, match="write"):
        parse_allowed(written)


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=30, unique=True), st.integers(1, 65535))
def test_own_services_never_share_a_place(names: list[str], port: int) -> None:
    services = {f"{name}x": {"host": f"{name}.example.internal", "port": port, "backend": "echo"} for name in names}
    plain = {"title": "t", "duration": "9s", "services": services}
    spec = resolve(read_document("x.yaml", str(plain).replace("'", '"')), 1.0).spec
    addresses = [address for each in own_plans.own_addresses(spec).values() for address in each]
    assert len(set(addresses)) == len(names)
