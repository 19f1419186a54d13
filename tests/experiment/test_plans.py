"""What the planes are told of an experiment's services."""

from __future__ import annotations

import pytest

from chaoskit.dns.message import Query
from chaoskit.dns.zone import Zones
from chaoskit.experiment import plans
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import Experiment, resolve
from chaoskit.experiment.plans import zones
from chaoskit.experiment.schema import ExperimentSpec


def experiment(text: str) -> Experiment:
    return resolve(read_document("x.yaml", "title: t\nclients: {app: {use: noop}}\nduration: 9s\n" + text), 1.0)


def test_a_service_in_three_zones_has_addresses_in_each() -> None:
    spec = experiment(
        "services: {dynamodb: {availability_zones: 3, addresses_per_zone: 2}, ec2: {availability_zones: 1}, sts: {}}"
    ).spec
    assert plans.services_of(spec) == {
        "dynamodb": ("127.11.1.1", "127.11.1.2", "127.11.2.1", "127.11.2.2", "127.11.3.1", "127.11.3.2"),
        "ec2": ("127.12.1.1",),
        "sts": ("127.0.1.3",),
    }
    (zone,) = [zone for zone in plans.zones(spec) if zone["apex"] == "dynamodb.us-east-1.amazonaws.com"]
    assert len(zone["records"]) == 6
    assert (
        len({proxy["listen"] for proxy in plans.proxies(spec, "u:1", lambda address: f"{address}:443", ipv6=True)}) == 8
    )


def test_host_names_are_aws_s_own() -> None:
    spec = experiment("services: [elbv2, route53, s3]").spec
    names = {record["name"] for zone in plans.zones(spec) for record in zone["records"]} - {spec.canary}
    assert names >= {
        "elasticloadbalancing.us-east-1.amazonaws.com",
        "route53.amazonaws.com",
        "s3.us-east-1.amazonaws.com",
        "*.s3.us-east-1.amazonaws.com",
    }
    assert {"elasticloadbalancing.us-east-1.amazonaws.com", "route53.amazonaws.com"} <= set(
        plans.certificate_names(spec)
    )


def test_the_mock_is_told_of_state_habits_stand_ins_and_faults() -> None:
    loaded = experiment(
        "services:\n"
        "  dynamodb: {backend: 'localhost:8000', idle_timeout: 2s}\n"
        "  ec2: {instances: 4, max_requests: 10}\n"
        "timeline:\n"
        "  - {id: busy, service: {throttle: {code: ThrottlingException}}, where: {service: ec2, operation: 'Describe*'},\n"
        "     when: {from: 1s, for: 2s}, chance: 0.5}\n"
        "  - {service: error, where: dynamodb, when: {from: 1s, for: 2s}}\n"
    )
    assert [injection.id for injection in loaded.planes["service"]] == ["busy", "service-2"]
    plan = plans.service_plan(loaded.spec, loaded.planes["service"], "/nowhere")
    assert plan["services"] == {
        "dynamodb": {"tables": {}, "backend": "localhost:8000", "idle_timeout_ns": 2_000_000_000, "max_requests": None},
        "ec2": {"instances": 4, "backend": None, "idle_timeout_ns": None, "max_requests": 10},
    }
    first = plan["injections"][0]
    assert (first["fault"], first["chance"]) == ({"throttle": {"code": "ThrottlingException"}}, 0.5)


@pytest.mark.parametrize("apex", ["chaoskit.test", "test", "CANARY.chaoskit.test."])
def test_the_canary_resolves_in_the_file_s_own_zone(apex: str) -> None:
    spec = ExperimentSpec.model_validate(
        {"title": "t", "zones": {apex: {"records": {f"x.{apex.lower().removesuffix('.')}": {"A": "127.0.0.9"}}}}}
    )
    found = Zones.from_plan(zones(spec))
    for name in ("canary.chaoskit.test", f"x.{apex.lower().removesuffix('.')}"):
        assert found.answer(Query(name, "A", "udp", "app", "127.0.0.1", None, 1)).records


def test_a_canary_that_the_file_has_is_left_as_it_is() -> None:
    records = {"canary.chaoskit.test": {"A": "127.0.0.9"}}
    spec = ExperimentSpec.model_validate({"title": "t", "zones": {"chaoskit.test": {"records": records}}})
    (record,) = (one for zone in zones(spec) for one in zone["records"] if one["name"] == "canary.chaoskit.test")
    assert record["data"] == "127.0.0.9"
