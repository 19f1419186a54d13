"""Operations in an experiment: what no request can be is bad input, and one entry may have several."""

from __future__ import annotations

import pytest

from chaoskit.aws.plan import injections_from_json
from chaoskit.errors import ExperimentError
from chaoskit.experiment.document import read_document
from chaoskit.experiment.loader import Experiment, resolve
from chaoskit.experiment.plans import client_plan, regions_of, service_plan, zones

CLIENT = "  app: {use: boto3, service: ec2, operation: DescribeInstances}\n"


def load(client: str = CLIENT, timeline: str = "[]") -> Experiment:
    return resolve(read_document("x.yaml", f"title: t\nclients:\n{client}duration: 9s\ntimeline: {timeline}\n"), 1.0)


@pytest.mark.parametrize(
    ("operation", "told"),
    [
        (
            "describe_instances",
            "x.yaml:3: clients.app.operation: ec2 has no operation 'describe_instances'. Did you mean DescribeInstances",
        ),
        ("DeleteVpc", "x.yaml:3: clients.app.operation: DeleteVpc needs VpcId"),
    ],
)
def test_an_operation_that_the_client_cannot_call(operation: str, told: str) -> None:
    with pytest.raises(ExperimentError) as refused:
        load(CLIENT.replace("DescribeInstances", operation))
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        (
            "{service: ec2, operation: DescribeInstence}",
            "timeline[0].where.operation: ec2 has no operation 'DescribeInstence'. Did you",
        ),
        (
            "{service: ec2, operation: [DescribeRegions, Nothing]}",
            "timeline[0].where.operation: ec2 has no operation 'Nothing'",
        ),
        ("{service: ec2, operation: []}", "'operation' has no name in it"),
    ],
)
def test_an_operation_that_no_request_can_be(where: str, told: str) -> None:
    with pytest.raises(ExperimentError) as refused:
        load(timeline=f"\n  - {{service: error, where: {where}, when: {{from: 1s, for: 1s}}}}")
    assert told in str(refused.value)


def test_an_entry_has_several_operations() -> None:
    entry = "\n  - {service: throttle, where: {service: ec2, operation: [DescribeInstances, '*Regions']}, when: {from: 1s, for: 1s}}"
    (injection,) = load(timeline=entry).injections
    assert [
        injection.where.matches("ec2", name) for name in ("DescribeInstances", "DescribeRegions", "DescribeVpcs")
    ] == [True, True, False]
    assert injection.where.describe() == "ec2, DescribeInstances or *Regions"
    plan = service_plan(load(timeline=entry).spec, (injection,), "/nowhere")
    (again,) = injections_from_json(plan["injections"])
    assert again.where == injection.where


def test_clients_may_call_several_regions() -> None:
    spec = load(CLIENT + CLIENT.replace("app", "far").replace("}", ", region: eu-west-1}")).spec
    assert regions_of(spec) == ["us-east-1", "eu-west-1"]
    assert [client_plan(label, client, spec.region)["region"] for label, client in spec.clients.items()] == regions_of(
        spec
    )
    assert {"ec2.us-east-1.amazonaws.com", "ec2.eu-west-1.amazonaws.com"} <= {zone["apex"] for zone in zones(spec)}
    assert service_plan(spec, (), "/nowhere")["regions"] == ["us-east-1", "eu-west-1"]


def test_a_fault_on_an_endpoint_s_name_means_its_aliases_too() -> None:
    client = "  app: {use: boto3, service: s3}\n"
    entry = "\n  - {{dns: empty, where: {}, when: {{from: 1s, for: 1s}}}}"
    (all_names,) = load(client, entry.format("s3.us-east-1.amazonaws.com")).injections
    for name in (
        "s3.us-east-1.amazonaws.com",
        "s3.amazonaws.com",
        "b.s3.amazonaws.com",
        "b.s3.us-east-1.amazonaws.com",
    ):
        assert all_names.where.covers(name)
    assert not all_names.where.covers("s3.eu-west-1.amazonaws.com")
    (alone,) = load(client, entry.format("{name: s3.us-east-1.amazonaws.com, aliases: []}")).injections
    assert not alone.where.covers("s3.amazonaws.com")
