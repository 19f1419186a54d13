from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaoskit.sandbox.environment import FAKE_KEY, HANDED_ON, client_environment, command_environment, from_metadata

WORK = Path("/nowhere/work")


def test_clients_get_fake_credentials_and_our_trust() -> None:
    found = client_environment(WORK, WORK / "ca.pem", "eu-west-1", {"AWS_ACCESS_KEY_ID": "real", "PATH": "/bin"})
    assert found["AWS_ACCESS_KEY_ID"] == FAKE_KEY
    assert found["AWS_CA_BUNDLE"] == found["NODE_EXTRA_CA_CERTS"] == "/nowhere/work/ca.pem"
    assert found["AWS_REGION"] == "eu-west-1"
    assert found["AWS_EC2_METADATA_DISABLED"] == "true"
    assert found["HOME"] == "/nowhere/work", "no ~/.aws of the user"


def test_credentials_come_from_a_metadata_service() -> None:
    plain = client_environment(WORK, WORK / "ca.pem", "eu-west-1", {})
    left = from_metadata(plain)
    assert plain.keys() - left.keys() == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"}
    assert left["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null", "and from nowhere else"


@given(st.dictionaries(st.text(st.characters(codec="ascii", categories=("Lu", "Ll", "Nd")), min_size=1), st.text()))
def test_nothing_leaks_that_is_not_named(inherited: dict[str, str]) -> None:
    secrets = {
        "HTTPS_PROXY": "http://p",
        "https_proxy": "http://p",
        "AWS_PROFILE": "prod",
        "AWS_ENDPOINT_URL": "http://e",
    }
    found = client_environment(WORK, WORK / "ca.pem", "us-east-1", inherited | secrets)
    assert not set(secrets) & set(found)
    made_by_us = set(client_environment(WORK, WORK / "ca.pem", "us-east-1", {}))
    assert set(found) - made_by_us <= set(HANDED_ON)


def test_a_command_keeps_what_says_which_names_an_sdk_asks() -> None:
    kept = {
        "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT": "regional",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "required",
    }
    lost = {
        "AWS_PROFILE": "prod",
        "AWS_ENDPOINT_URL_S3": "http://e",
        "AWS_SESSION_TOKEN": "t",
        "https_proxy": "http://p",
    }
    found = command_environment(WORK, "us-east-1", WORK / "ca.pem", {}, kept | lost)
    assert kept.items() <= found.items()
    assert not set(lost) & set(found)


@pytest.mark.parametrize(
    ("inherited", "found"),
    [
        ({}, ("us-east-1", "us-east-1")),
        ({"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "eu-west-1"}, ("us-east-1", "eu-west-1")),
        ({"AWS_REGION": "us-east-1"}, ("us-east-1", "us-east-1")),
        ({"AWS_REGION": "eu-west-1"}, ("us-east-1", "us-east-1")),  # the experiment's region is another
        ({"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "no region"}, ("us-east-1", "us-east-1")),
    ],
)
def test_a_command_keeps_the_two_regions_of_its_caller(inherited: dict[str, str], found: tuple[str, str]) -> None:
    environment = command_environment(WORK, "us-east-1", None, {}, inherited)
    assert (environment["AWS_REGION"], environment["AWS_DEFAULT_REGION"]) == found
