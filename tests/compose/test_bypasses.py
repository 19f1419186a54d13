"""Every way past chaoskit that a compose file shows is named, and what is none is not."""

from __future__ import annotations

from typing import Any

import pytest

from chaoskit.compose.bypasses import find_bypasses, is_aws
from chaoskit.compose.overlay import app_environment
from tests.compose.projects import project

DYNAMODB = "dynamodb.us-east-1.amazonaws.com"


def told(**services: Any) -> list[str]:
    return [str(one) for one in find_bypasses(project(**services), list(services), "us-east-1")]


def test_a_plain_service_has_none() -> None:
    assert told(web={"environment": {"DATABASE_URL": "x", "AWS_REGION": "us-east-1"}}, db={}) == []


@pytest.mark.parametrize(
    ("web", "word"),
    [
        ({"network_mode": "host"}, "network_mode: host"),
        ({"links": ["db", f"db:{DYNAMODB}"]}, f"a link called {DYNAMODB}"),
        ({"external_links": [f"other_db_1:{DYNAMODB}"]}, f"a link called {DYNAMODB}"),
        ({"network_mode": "none"}, "it has no network, so it asks nobody"),
        ({"network_mode": "bridge"}, "Docker's default network has the host's resolvers"),
        ({"network_mode": "service:db"}, "choose the other service"),
        ({"dns": ["10.0.0.1", "10.0.0.2"]}, "dns: with 2 servers"),
        ({"dns": "10.88.0.53", "dns_search": "lab.internal"}, "dns: 10.88.0.53"),
        (
            {"environment": {"SSL_CERT_FILE": "/c.pem", "REQUESTS_CA_BUNDLE": "/c.pem"}},
            "SSL_CERT_FILE, REQUESTS_CA_BUNDLE",
        ),
        ({"environment": {"AWS_CONFIG_FILE": "/etc/aws"}}, "AWS_CONFIG_FILE"),
        ({"configs": [{"source": "c", "target": "/root/.aws/config"}]}, "/root/.aws/config"),
        ({"extra_hosts": [f"{DYNAMODB}:10.0.0.9"]}, f"extra_hosts: {DYNAMODB}"),
        ({"environment": {"HTTPS_PROXY": "http://p:3128"}}, "HTTPS_PROXY"),
        ({"environment": {"AWS_ENDPOINT_URL_DYNAMODB": "http://x"}}, "AWS_ENDPOINT_URL_DYNAMODB"),
        ({"environment": {"AWS_ACCESS_KEY_ID": "AKIA1"}}, "AWS_ACCESS_KEY_ID"),
        ({"environment": ["AWS_PROFILE=prod"]}, "AWS_PROFILE"),
        ({"environment": ["AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1"]}, "AWS region eu-west-1"),
        ({"volumes": ["~/.aws:/root/.aws:ro"]}, "/root/.aws"),
        ({"volumes": [{"type": "bind", "source": "h", "target": "/etc/hosts"}]}, "/etc/hosts"),
        ({"volumes": ["./corp.pem:/etc/ssl/certs/ca-certificates.crt:ro"]}, "/etc/ssl/certs/ca-certificates.crt"),
    ],
)
def test_each_bypass_is_named_once(web: dict[str, Any], word: str) -> None:
    found = told(web=web)
    assert len(found) == 1
    assert word in found[0]
    assert found[0].startswith("web: ")


def test_services_that_share_a_bypass_are_told_together() -> None:
    shared = {"networks": ["n"]}
    (warning,) = told(a=shared, b=shared, c={"networks": {"n": {"aliases": [DYNAMODB]}}})
    assert warning.startswith(f"a, b, c: c is called {DYNAMODB}: ")


def test_no_value_of_a_variable_is_told() -> None:
    found = told(web={"environment": {"AWS_SECRET_ACCESS_KEY": "real-secret", "HTTP_PROXY": "http://me:pw@p"}})
    assert len(found) == 2
    assert not any("real-secret" in one or "pw@p" in one for one in found)


def test_an_alias_of_another_service_in_a_shared_network_counts() -> None:
    fake = {"networks": {"back": {"aliases": [DYNAMODB]}}}
    assert any(f"local is called {DYNAMODB}" in one for one in told(web={"networks": ["back"]}, local=fake))


def test_an_alias_in_a_network_of_others_does_not() -> None:
    one = project(web={"networks": ["front"]}, local={"networks": {"back": {"aliases": [DYNAMODB]}}})
    assert find_bypasses(one, ["web"], "us-east-1") == []


def test_a_region_that_a_shell_fills_in_is_not_known() -> None:
    assert told(web={"environment": {"AWS_REGION": "${REGION}", "AWS_DEFAULT_REGION": None}}) == []


def test_an_emptied_variable_leads_nowhere() -> None:
    assert told(web={"environment": {"HTTPS_PROXY": "", "AWS_SESSION_TOKEN": ""}}) == []


def test_names_of_a_fault_count_as_aws_names_do() -> None:
    one = project(web={"extra_hosts": ["api.example.com:1.2.3.4"]})
    assert find_bypasses(one, ["web"], "us-east-1") == []
    assert len(find_bypasses(one, ["web"], "us-east-1", ["api.example.com"])) == 1


@pytest.mark.parametrize(
    ("name", "yes"), [(DYNAMODB, True), ("Amazonaws.com.", True), ("notamazonaws.com", False), ("x.api.aws", True)]
)
def test_names_of_aws(name: str, yes: bool) -> None:
    assert is_aws(name) is yes


REGION = {"AWS_REGION", "AWS_DEFAULT_REGION"}


def test_no_variable_of_theirs_is_replaced_in_silence() -> None:
    ours = app_environment(project(web=None).services["web"], "us-east-1")
    silent = {"AWS_EC2_METADATA_DISABLED"}  # there is no metadata service that the app could reach by a name of AWS's
    for name in sorted(set(ours) - silent):
        theirs = "eu-west-1" if name in REGION else "/theirs"
        assert any(name in line or name in REGION for line in told(web={"environment": {name: theirs}})), name


def test_a_name_server_of_the_project_is_named_with_what_is_lost() -> None:
    (line,) = told(web={"dns": ["10.88.0.53"], "dns_search": ["lab.internal"]})
    assert "names that only it knows are refused, those below lab.internal included" in line
