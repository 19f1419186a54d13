"""Which documented policy a variant should keep: the simulator's, by SDK, version, retry mode and service."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from chaoskit.sim import documented
from chaoskit.sim.backoff import BackOff

AWS_CLI_BOTOCORE = "1.43"
"""AWS CLI v1 (seen in 1.46.3) brings a botocore of its own, 1.43, whose default is *legacy* (``awscli/botocore/configprovider.py``)."""

AIOBOTOCORE_BOTOCORE = "1.43"
"""aiobotocore 3.10 wants botocore below 1.43.118."""


def policy_of(sdk: str, sdk_version: str | None, mode: str | None, service: str) -> BackOff | None:
    """The documented policy, None where we know none. ``sdk_version`` None is the installed one, ``mode`` None the SDK's default."""
    if sdk == "boto3":
        return documented.botocore(sdk_version or _installed("botocore"), mode, service)
    if sdk == "aiobotocore":
        return documented.botocore(AIOBOTOCORE_BOTOCORE, mode, service)
    if sdk == "aws_cli":
        return documented.botocore(AWS_CLI_BOTOCORE, mode, service)
    if sdk == "javascript" and sdk_version:
        return documented.javascript(sdk_version, service)
    if sdk == "go":
        return documented.go(sdk_version or "0", service)
    if sdk == "java":
        return documented.java(mode, service)
    return None


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "0"
