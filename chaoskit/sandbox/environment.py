"""The environment of the processes of a run, made from nothing.

Only what is named here is handed on. So no real credential, profile, endpoint, proxy variable or trust store of the user can
reach a client, whatever it is called. A command of the user's own (``chaoskit exec``) is different: it needs its own variables, so it keeps
the caller's, except those that would lead past the sandbox.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from chaoskit.sandbox.trust import JAVA_PASSWORD, JAVA_STORE

HANDED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "SYSTEMROOT")
"""What a process needs to start and to print text; none of it can lead out or sign a request."""

FAKE_KEY = "AKIAIOSFODNN7EXAMPLE"  # the example key of AWS's own documentation: valid in form, known to be nobody's
FAKE_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105


def plane_environment(work: Path, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For chaoskit's own planes: a home and a temporary folder inside ``work``."""
    variables = {name: inherited[name] for name in HANDED_ON if name in inherited}
    return variables | {"HOME": str(work), "TMPDIR": str(work), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}


def client_environment(
    work: Path, authority: Path, region: str, inherited: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """For clients: fake AWS credentials, the throw-away certificate ``authority`` as every SDK's trust, and no metadata service."""
    trust = str(authority)
    return plane_environment(work, inherited) | {
        "AWS_ACCESS_KEY_ID": FAKE_KEY,
        "AWS_SECRET_ACCESS_KEY": FAKE_SECRET,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CA_BUNDLE": trust,
        "SSL_CERT_FILE": trust,
        "REQUESTS_CA_BUNDLE": trust,
        "CURL_CA_BUNDLE": trust,
        "NODE_EXTRA_CA_CERTS": trust,
    }


KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED")
"""What keeps an SDK from asking the instance metadata service for credentials."""


def from_metadata(variables: Mapping[str, str]) -> dict[str, str]:
    """The same environment for a program of the user's where there is an instance metadata service: its credentials come from there."""
    return {name: value for name, value in variables.items() if name not in KEYS}


_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}")

HARMLESS_AWS = (
    "AWS_RETRY_MODE",
    "AWS_MAX_ATTEMPTS",
    "AWS_NEW_RETRIES_2026",
    "AWS_DEFAULTS_MODE",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
    "AWS_S3_USE_ARN_REGION",
    "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
    "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE",
    "AWS_ENDPOINT_DISCOVERY_ENABLED",
    "AWS_REQUEST_CHECKSUM_CALCULATION",
    "AWS_RESPONSE_CHECKSUM_VALIDATION",
    "AWS_DISABLE_REQUEST_COMPRESSION",
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
    "AWS_AUTH_SCHEME_PREFERENCE",
    "AWS_SIGV4A_SIGNING_REGION_SET",
    "AWS_SDK_UA_APP_ID",
    "AWS_DEFAULT_OUTPUT",
    "AWS_PAGER",
)
"""AWS settings that a command keeps: how an SDK behaves is what is tested. They name no account, no key and no address (AWS SDKs and Tools
Reference Guide, "Environment variables list"); whatever host name they lead to, the sandbox serves it."""

TRUST = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "DENO_CERT",
    "GIT_SSL_CAINFO",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
)
"""Variables by which programs are told what they trust: OpenSSL, Go and Rust read the first."""


def command_environment(
    work: Path,
    region: str,
    authority: Path | None,
    added: Mapping[str, str],
    inherited: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """For a command of the user's: the caller's variables without AWS's and the proxies', then ours, then ``added``.

    ``authority`` None is a run without mock services: then what the command trusts is its own affair.
    """
    variables = {name: value for name, value in inherited.items() if _may_stay(name)}
    ours = client_environment(work, authority or Path(os.devnull), region, inherited)
    variables |= {name: value for name, value in ours.items() if name.startswith("AWS_") and name != "AWS_CA_BUNDLE"}
    variables |= _regions(region, inherited)
    if authority is not None:
        variables.pop("SSL_CERT_DIR", None)
        variables |= dict.fromkeys(("AWS_CA_BUNDLE", *TRUST), str(authority))
        store = f"-Djavax.net.ssl.trustStore={work / JAVA_STORE} -Djavax.net.ssl.trustStorePassword={JAVA_PASSWORD}"
        variables["JAVA_TOOL_OPTIONS"] = (
            f"{variables.get('JAVA_TOOL_OPTIONS', '')} {store} -Djavax.net.ssl.trustStoreType=PKCS12".strip()
        )
    return variables | dict(added)


def _regions(region: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """The caller's two regions, where the run's own is one of them: botocore reads one of these variables, other SDKs the other."""
    regions = {name: inherited[name] for name in ("AWS_REGION", "AWS_DEFAULT_REGION") if name in inherited}
    return {
        name: written for name, written in regions.items() if region in regions.values() and _REGION.fullmatch(written)
    }


def _may_stay(name: str) -> bool:
    if name.startswith("AWS_"):
        return name in HARMLESS_AWS
    return not name.lower().endswith("_proxy") and name != "BOTO_CONFIG"
