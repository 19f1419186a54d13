"""The environment of the processes of a run, made from nothing.

Only what is named here is handed on. So no real credential, profile, endpoint, proxy variable or trust store of the user can
reach a client, whatever it is called.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

HANDED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "SYSTEMROOT")
"""What a process needs to start and to print text; none of it can lead out or sign a request."""

FAKE_KEY = "AKIAIOSFODNN7EXAMPLE"  # the example key of AWS's own documentation: valid in form, known to be nobody's
FAKE_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # noqa: S105


def plane_environment(work: Path, inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For chaoskit's own planes: a home and a temporary folder inside ``work``."""
    kept = {name: inherited[name] for name in HANDED_ON if name in inherited}
    return kept | {"HOME": str(work), "TMPDIR": str(work), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}


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
