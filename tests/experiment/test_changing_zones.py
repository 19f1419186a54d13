"""Zones that change while a run goes on, as an experiment file writes them."""

from __future__ import annotations

import jsonschema
import pytest

from chaoskit.errors import ExperimentError
from chaoskit.experiment.document import read_document
from chaoskit.experiment.json_schema import json_schema
from chaoskit.experiment.loader import Experiment, resolve, resolve_plain
from chaoskit.experiment.plans import dns_plan, service_plan
from chaoskit.units import SECOND

SECRET = "c2l4dGVlbiBsZXR0ZXJzIQ=="


def read(zones: str, services: str = "{dynamodb: {}}") -> Experiment:
    text = f"title: t\nservices: {services}\nzones: {zones}\nclients: {{app: {{use: boto3}}}}\nduration: 5s\n"
    return resolve(read_document("x.yaml", text), 1.0)


def wrong(zones: str, services: str = "{dynamodb: {}}") -> str:
    with pytest.raises(ExperimentError) as caught:
        read(zones, services)
    return str(caught.value)


def plan(experiment: Experiment) -> dict[str, object]:
    return dns_plan(experiment.spec, (), {}, ipv6=True)


def test_a_zone_takes_no_updates_unless_it_says_so() -> None:
    assert plan(read("{u.test: {}}"))["updates"] == {"zones": {}, "keys": []}
    assert plan(read("{u.test: {updates: false}}"))["updates"] == {"zones": {}, "keys": []}


def test_a_zone_that_takes_updates_from_loopback() -> None:
    assert plan(read("{u.test: {updates: true}}"))["updates"] == {"zones": {"u.test": []}, "keys": []}


def test_a_zone_that_takes_signed_updates() -> None:
    experiment = read(f"{{u.test: {{updates: {{keys: {{updater: {{secret: {SECRET}}}}}}}}}}}")
    key = {"name": "updater", "algorithm": "hmac-sha256", "secret": SECRET}
    assert plan(experiment)["updates"] == {"zones": {"u.test": ["updater"]}, "keys": [key]}
    again = resolve_plain(experiment.plain, "journal")
    assert plan(again) == plan(experiment), "a stored run says the same"


@pytest.mark.parametrize(
    ("updates", "complaint"),
    [
        ("{keys: {updater: {secret: no}}}", "the secret of this key is not base 64"),
        (f"{{keys: {{updater: {{secret: {SECRET}, algorithm: hmac-md5}}}}}}", "'hmac-md5' is no algorithm known here"),
        (f"{{keys: {{'a..b': {{secret: {SECRET}}}}}}}", "has an empty label"),
        ("{key: {}}", "there is no such field"),
    ],
)
def test_wrong_keys_are_told_before_anything_starts(updates: str, complaint: str) -> None:
    message = wrong(f"{{u.test: {{updates: {updates}}}}}")
    assert complaint in message
    assert message.startswith("x.yaml:3: zones.u.test.updates")


def test_a_zone_that_follows_a_hosted_zone() -> None:
    experiment = read("{live.test: {source: route53}}", "{dynamodb: {}, route53: {hosted_zones: [live.test]}}")
    assert plan(experiment)["followed"] == ["live.test"]


def test_a_zone_cannot_follow_without_route53() -> None:
    message = wrong("{live.test: {source: route53}}")
    assert message.startswith("x.yaml:3: zones.live.test.source: there is no service route53 in this experiment.")


def test_a_zone_changes_in_one_way() -> None:
    message = wrong("{live.test: {source: route53, updates: true}}", "{dynamodb: {}, route53: {}}")
    assert "leave out 'updates' or 'source'" in message


def test_route53_takes_its_time_as_written() -> None:
    services = "{dynamodb: {}, route53: {control_plane: {processing: 200ms, propagation: 30s, throttled: false, changes_per_second: 5}}}"
    services_plan = service_plan(read("{}", services).spec, (), "")["services"]
    assert services_plan["route53"]["control_plane"] == {
        "processing_ns": SECOND // 5,
        "propagation_ns": 30 * SECOND,
        "throttled": False,
        "changes": {"capacity": 1000, "per_s": 5.0},
        "guards": None,
    }


def test_a_hosted_zone_has_records_at_the_start() -> None:
    zones = "{live.test: {records: {a.live.test: {ttl: 7s, A: [192.0.2.1, 192.0.2.2]}}}, empty.test: {}}"
    experiment = read("{}", f"{{dynamodb: {{}}, route53: {{hosted_zones: {zones}}}}}")
    hosted = service_plan(experiment.spec, (), "")["services"]["route53"]["hosted_zones"]
    assert [(record["name"], record["ttl"], record["data"]) for record in hosted["live.test"]] == [
        ("a.live.test", 7, "192.0.2.1"),
        ("a.live.test", 7, "192.0.2.2"),
    ]
    assert hosted["empty.test"] == []


def test_what_route53_would_refuse_is_told_at_once() -> None:
    zones = "{live.test: {records: {a.elsewhere.test: {A: 192.0.2.1}}}}"
    message = wrong("{}", f"{{dynamodb: {{}}, route53: {{hosted_zones: {zones}}}}}")
    assert message.startswith(
        "x.yaml:2: services.route53.hosted_zones.live.test: RRSet with DNS name a.elsewhere.test."
    )


def test_only_route53_has_a_control_plane() -> None:
    message = wrong("{}", "{dynamodb: {control_plane: {}}}")
    assert "dynamodb has no control plane." in message


@pytest.mark.parametrize(
    ("zone", "valid"),
    [
        ({"updates": True}, True),
        ({"updates": {"keys": {"updater": {"secret": SECRET}}}}, True),
        ({"source": "route53"}, True),
        ({"updates": "yes"}, False),
        ({"source": "elsewhere"}, False),
    ],
)
def test_an_editor_checks_the_same(zone: dict[str, object], valid: bool) -> None:
    written = {"title": "t", "zones": {"u.test": zone}}
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(written) is valid
