"""What a command of the user's keeps of the caller's variables, and what it gets."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from chaoskit.sandbox.environment import FAKE_KEY, HARMLESS_AWS, TRUST, command_environment

WORK = Path("/nowhere/work")
PEM = WORK / "ca.pem"


def test_it_keeps_its_own_variables_and_loses_what_leads_out() -> None:
    caller = {
        "DATABASE_URL": "postgres://127.0.0.1/app",
        "HOME": "/home/me",
        "JAVA_TOOL_OPTIONS": "-Xmx1g",
        "AWS_RETRY_MODE": "legacy",
        "AWS_PROFILE": "prod",
        "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://elsewhere",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/real",
        "https_proxy": "http://p",
        "ALL_PROXY": "http://p",
        "SSL_CERT_FILE": "/mine.pem",
        "SSL_CERT_DIR": "/mine",
    }
    found = command_environment(WORK, "eu-west-1", PEM, {"ADDED": "1", "HOME": "/else"}, caller)
    assert (found["DATABASE_URL"], found["AWS_RETRY_MODE"]) == ("postgres://127.0.0.1/app", "legacy")
    assert (found["ADDED"], found["HOME"]) == ("1", "/else"), "what is added by hand wins"
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_REGION"]) == (FAKE_KEY, "eu-west-1")
    assert found["JAVA_TOOL_OPTIONS"].startswith("-Xmx1g -Djavax.net.ssl.trustStore=/nowhere/work/")
    assert {found[name] for name in (*TRUST, "AWS_CA_BUNDLE")} == {str(PEM)}
    gone = {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_DYNAMODB", "https_proxy", "ALL_PROXY", "SSL_CERT_DIR"}
    assert not gone & set(found)
    assert "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" not in found


def test_without_mock_services_trust_is_its_own_affair() -> None:
    found = command_environment(
        WORK, "us-east-1", None, {}, {"SSL_CERT_FILE": "/mine.pem", "AWS_SECRET_ACCESS_KEY": "s"}
    )
    assert found["SSL_CERT_FILE"] == "/mine.pem"
    assert "AWS_CA_BUNDLE" not in found
    assert "JAVA_TOOL_OPTIONS" not in found
    assert found["AWS_SECRET_ACCESS_KEY"] != "s"


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=1), st.text())
def test_only_aws_settings_known_to_be_harmless_pass(name: str, value: str) -> None:
    plain = command_environment(WORK, "us-east-1", PEM, {}, {})
    found = command_environment(WORK, "us-east-1", PEM, {}, {f"AWS_{name}": value, f"{name}_PROXY": value})
    assert f"{name}_PROXY" not in found
    if f"AWS_{name}" not in HARMLESS_AWS:
        assert found == plain
