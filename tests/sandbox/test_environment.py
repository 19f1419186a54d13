from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.sandbox.environment import FAKE_KEY, HANDED_ON, client_environment

WORK = Path("/nowhere/work")


def test_clients_get_fake_credentials_and_our_trust() -> None:
    found = client_environment(WORK, WORK / "ca.pem", "eu-west-1", {"AWS_ACCESS_KEY_ID": "real", "PATH": "/bin"})
    assert found["AWS_ACCESS_KEY_ID"] == FAKE_KEY
    assert found["AWS_CA_BUNDLE"] == found["NODE_EXTRA_CA_CERTS"] == "/nowhere/work/ca.pem"
    assert found["AWS_REGION"] == "eu-west-1"
    assert found["AWS_EC2_METADATA_DISABLED"] == "true"
    assert found["HOME"] == "/nowhere/work", "no ~/.aws of the user"


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
